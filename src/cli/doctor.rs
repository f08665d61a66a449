//! `azlb doctor`: what works from here, and what does not.

use std::process::ExitCode;

use super::exit::Failure;
use super::output::{print, safe};
use crate::session::Session;

pub(super) async fn main(session: &Session) -> Result<ExitCode, Failure> {
    let mut text = String::new();
    text.push_str(&format!("version    azlb {}\n", env!("CARGO_PKG_VERSION")));
    text.push_str(&format!("endpoint   {} ({})\n", session.reader().cloud().endpoint(), session.place()));
    text.push_str(&format!("journal    {}\n", session.journal().folder().display()));
    text.push_str(&format!("writing    {}\n", if session.may_write() { "may write" } else { "read-only" }));
    print(&text)?;
    session.refresh().await?;
    let mut text = String::from("sign-in    a token was had and taken\n");
    let mut whole = true;
    for s in session.estate(|e| e.subscriptions.clone()) {
        match &s.problem {
            None => text.push_str(&format!("listed     {}: {} load balancers\n", s.name, s.load_balancers.len())),
            Some(problem) => {
                whole = false;
                text.push_str(&format!("NOT WHOLE  {}: {problem}\n", s.name));
            }
        }
    }
    let (reads, writes) = session.reader().traffics().counts();
    text.push_str(&format!("requests   {reads} reads, {writes} writes\n"));
    print(&safe(&text))?;
    Ok(if whole { ExitCode::SUCCESS } else { ExitCode::from(super::exit::FAILED) })
}
