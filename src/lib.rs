//! azlb: change which machines serve traffic behind an Azure load balancer.
pub mod arm;
pub mod auth;
pub mod azure;
pub mod changes;
pub mod cli;
pub mod config;
pub mod estate;
pub mod health;
pub mod script;
pub mod session;
pub mod sim;
pub mod terminal_text;
pub mod tui;
