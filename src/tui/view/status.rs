//! The line above and the line below.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use unicode_width::UnicodeWidthStr as _;

use super::super::keymap;
use super::super::model::{Model, Node, Screen, Typing};
use super::super::theme::Faces;
use super::super::update::context;
use super::{age, fit};
use crate::terminal_text::safe;

/// Where we are, how old what is shown is, and whether this session may write.
pub(super) fn header(model: &Model, frame: &mut Frame<'_>, area: Rect, faces: &Faces) {
    let theme = &faces.theme;
    let arrow = if faces.unicode { " ▸ " } else { " > " };
    let place = match (model.screen, &model.node) {
        (Screen::Plan, _) => "plan".to_owned(),
        (Screen::Jobs, _) => "jobs".to_owned(),
        (Screen::Browse, Some(node)) => path(model, node).join(arrow),
        (Screen::Browse, None) => String::new(),
    };
    let mut right = String::new();
    if model.listing {
        right.push_str("listing…  ");
    }
    if model.planning {
        right.push_str("planning…  ");
    }
    if model.running && model.screen != Screen::Jobs {
        right.push_str("a plan runs (J)  ");
    }
    if let Some(wait) = model.throttled {
        right.push_str(&format!("throttled {} s  ", wait.as_secs().max(1)));
    }
    if model.screen == Screen::Browse
        && let Some(pool) = model.pool.as_ref().filter(|p| model.selected_pool() == Some(&p.id))
    {
        let fresh = pool.read_at.is_some_and(|at| at.elapsed().as_secs() <= pool.interval_s.max(5) * 2);
        match pool.read_at {
            _ if model.paused => right.push_str("paused  "),
            Some(at) => right.push_str(&format!("{} {}  ", if fresh { "live" } else { "health" }, age(at))),
            None if model.asking.is_some() => right.push_str("asking…  "),
            None => {}
        }
    }
    right.push_str(if model.may_write { "may write" } else { "READ-ONLY" });
    let sim = if model.place == crate::session::SIMULATOR { " (simulator)" } else { "" };
    let room = usize::from(area.width).saturating_sub(right.width() + 3);
    let left = fit(&safe(&format!("azlb{sim}  {place}")), room);
    let gap = " ".repeat(usize::from(area.width).saturating_sub(left.width() + right.width()));
    let style = if model.may_write { theme.dim } else { theme.warn };
    frame.render_widget(
        Line::from(vec![Span::styled(left, theme.title), Span::raw(gap), Span::styled(right, style)]),
        area,
    );
}

fn path(model: &Model, node: &Node) -> Vec<String> {
    let subscription = |id: &str| {
        model
            .tree
            .subscriptions
            .iter()
            .find(|s| s.id.eq_ignore_ascii_case(id))
            .map_or(id, |s| s.name.as_str())
            .to_owned()
    };
    match node {
        Node::Subscription(id) => vec![subscription(id)],
        Node::Balancer(id) => vec![subscription(id.subscription()), id.name().to_owned()],
        Node::Pool(id) => vec![
            subscription(id.subscription()),
            id.segment("loadBalancers").unwrap_or_default().to_owned(),
            id.name().to_owned(),
        ],
    }
}

/// The last message, or the keys that apply here.
pub(super) fn hints(model: &Model, frame: &mut Frame<'_>, area: Rect, faces: &Faces) {
    let theme = &faces.theme;
    if let Some((text, bad)) = &model.message {
        let (style, mark) = if *bad { (theme.bad, "! ") } else { (theme.good, "") };
        let text = fit(&format!("{mark}{}", safe(text)), area.width.into());
        frame.render_widget(Line::from(Span::styled(text, style)), area);
        return;
    }
    let typed: &[(&str, &str)] = match model.typing {
        Typing::Console => {
            &[("enter", "evaluate"), ("tab", "complete"), ("↑", "history"), ("ctrl-c", "stop"), ("esc", "leave")]
        }
        Typing::Filter => &[("enter", "keep"), ("esc", "clear"), ("", "name, ip, state:down, zone:2, !word")],
        Typing::Confirm(_) => &[("enter", "apply if it is the name"), ("esc", "leave")],
        Typing::Destination { .. } => &[("enter", "plan the move"), ("↑↓", "choose"), ("esc", "leave")],
        Typing::Nothing => &[],
    };
    let mut spans = Vec::new();
    let mut used = 0;
    let mut add = |key: &str, title: &str| {
        let width = key.width() + title.width() + 3;
        if used + width > usize::from(area.width) {
            return;
        }
        used += width;
        spans.push(Span::styled(key.to_owned(), theme.hint_key));
        spans.push(Span::styled(format!(" {title}  "), theme.hint));
    };
    if model.typing == Typing::Nothing {
        for spec in keymap::here(context(model)).filter(|s| s.hint) {
            add(spec.keys.first().copied().unwrap_or_default(), spec.title);
        }
    } else {
        typed.iter().for_each(|(key, title)| add(key, title));
    }
    frame.render_widget(Line::from(spans), area);
}
