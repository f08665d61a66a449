//! The order of a pool's rows.

use std::cmp::Ordering;

use serde::{Deserialize, Serialize};

use super::snapshot::Row;
use crate::config::Shown;
use crate::health::HealthState;

/// A column by which members are sorted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Column {
    /// As the pool lists them.
    Listed,
    /// By health, the worst first.
    Health,
    /// By name.
    Name,
    /// By address.
    Ip,
    /// By power state.
    Power,
    /// By zone.
    Zone,
    /// By kind.
    Kind,
    /// By admin state.
    Admin,
    /// By whether an instance is on the latest model: those that are not first.
    Latest,
    /// By id.
    Id,
}

impl Column {
    /// Every column, in the order of the screen.
    pub const ALL: [Self; 10] = [
        Self::Listed,
        Self::Health,
        Self::Name,
        Self::Ip,
        Self::Power,
        Self::Zone,
        Self::Kind,
        Self::Admin,
        Self::Latest,
        Self::Id,
    ];

    /// Those that may be shown or not; health always is, and the order of the pool is no column.
    pub const CHOSEN: [Self; 8] =
        [Self::Name, Self::Ip, Self::Power, Self::Zone, Self::Kind, Self::Admin, Self::Latest, Self::Id];

    /// Those that are shown where nothing was chosen.
    pub const NARROW: [Self; 4] = [Self::Name, Self::Ip, Self::Power, Self::Zone];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Listed => "as listed",
            Self::Health => "health",
            Self::Name => "name",
            Self::Ip => "ip",
            Self::Power => "power",
            Self::Zone => "zone",
            Self::Kind => "kind",
            Self::Admin => "admin",
            Self::Latest => "latest",
            Self::Id => "id",
        }
    }
}

impl From<Shown> for Column {
    fn from(column: Shown) -> Self {
        match column {
            Shown::Name => Self::Name,
            Shown::Ip => Self::Ip,
            Shown::Power => Self::Power,
            Shown::Zone => Self::Zone,
            Shown::Kind => Self::Kind,
            Shown::Admin => Self::Admin,
            Shown::Latest => Self::Latest,
            Shown::Id => Self::Id,
        }
    }
}

/// Sorts rows. Members stay above those who could join; equals stay in the pool's order.
pub(super) fn rows(rows: &mut [&Row], (column, reversed): (Column, bool)) {
    rows.sort_by(|a, b| {
        let order = by(column, a, b);
        b.inside.cmp(&a.inside).then(if reversed { order.reverse() } else { order })
    });
}

fn by(column: Column, a: &Row, b: &Row) -> Ordering {
    match column {
        Column::Listed => Ordering::Equal,
        Column::Health => rank(a).cmp(&rank(b)),
        Column::Name => natural(&a.member.name, &b.member.name),
        Column::Ip => address(a).cmp(&address(b)).then_with(|| a.member.ip.cmp(&b.member.ip)),
        Column::Power => a.member.power_state.cmp(&b.member.power_state),
        Column::Zone => a.member.zone.cmp(&b.member.zone),
        Column::Kind => a.member.kind.word().cmp(b.member.kind.word()),
        Column::Admin => a.member.admin_state.word().cmp(b.member.admin_state.word()),
        Column::Latest => a.member.latest_model.cmp(&b.member.latest_model),
        Column::Id => a.member.id.cmp(&b.member.id),
    }
}

/// The worst first.
fn rank(row: &Row) -> u8 {
    match row.health.as_ref().map(|h| h.state) {
        Some(HealthState::Down) => 0,
        Some(HealthState::Unknown) => 1,
        Some(HealthState::Up) => 2,
        None => 3,
    }
}

fn address(row: &Row) -> Option<std::net::IpAddr> {
    row.member.ip.as_ref()?.parse().ok()
}

/// Names with numbers in them as people count: `vm-2` before `vm-10`.
fn natural(a: &str, b: &str) -> Ordering {
    let (mut a, mut b) = (a, b);
    loop {
        let (head_a, head_b) = (head(a), head(b));
        if head_a.is_empty() || head_b.is_empty() {
            return a.len().cmp(&b.len());
        }
        let order = match (head_a.parse::<u64>(), head_b.parse::<u64>()) {
            (Ok(x), Ok(y)) => x.cmp(&y),
            _ => head_a.to_lowercase().cmp(&head_b.to_lowercase()),
        };
        if order != Ordering::Equal {
            return order;
        }
        a = a.get(head_a.len()..).unwrap_or_default();
        b = b.get(head_b.len()..).unwrap_or_default();
    }
}

/// The digits, or the text without digits, with which a name begins.
fn head(text: &str) -> &str {
    let digit = text.starts_with(|c: char| c.is_ascii_digit());
    let end = text.find(|c: char| c.is_ascii_digit() != digit).unwrap_or(text.len());
    text.get(..end).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_in_names_count() {
        let mut names = ["vm-10", "vm-2", "vm-2b", "Vm-1", "vm", "api/3", "vm-99999999999999999999999"];
        names.sort_by(|a, b| natural(a, b));
        assert_eq!(names, ["api/3", "vm", "Vm-1", "vm-2", "vm-2b", "vm-10", "vm-99999999999999999999999"]);
    }
}
