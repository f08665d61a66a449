//! The order of a pool's rows.

use std::cmp::Ordering;

use serde::{Deserialize, Serialize};

use super::snapshot::Row;
use crate::config::Shown;
use crate::health::HealthState;

/// By what members are sorted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Column {
    /// As the pool lists them.
    Listed,
    /// By health, the worst first. It is always shown.
    Health,
    /// By a column that is shown or is not.
    #[serde(untagged)]
    Of(Shown),
}

impl Column {
    /// Every column, in the order of the screen.
    pub fn all() -> impl Iterator<Item = Self> {
        [Self::Listed, Self::Health].into_iter().chain(Shown::ALL.into_iter().map(Self::Of))
    }

    /// The one after it, and after the last the first.
    pub fn next(self) -> Self {
        Self::all().skip_while(|c| *c != self).nth(1).unwrap_or(Self::Listed)
    }

    /// The one before it, and before the first the last.
    pub fn before(self) -> Self {
        Self::all().take_while(|c| *c != self).last().or_else(|| Self::all().last()).unwrap_or(Self::Listed)
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Listed => "as listed",
            Self::Health => "health",
            Self::Of(shown) => shown.name(),
        }
    }
}

/// The order of two rows. Members stay above those who could join.
pub(super) fn order((column, reversed): (Column, bool), a: &Row, b: &Row) -> Ordering {
    let order = by(column, a, b);
    b.inside.cmp(&a.inside).then(if reversed { order.reverse() } else { order })
}

fn by(column: Column, a: &Row, b: &Row) -> Ordering {
    match column {
        Column::Listed => Ordering::Equal,
        Column::Health => rank(a).cmp(&rank(b)),
        Column::Of(Shown::Name) => natural(&a.member.name, &b.member.name),
        Column::Of(Shown::Ip) => address(a).cmp(&address(b)).then_with(|| a.member.ip.cmp(&b.member.ip)),
        Column::Of(Shown::Power) => a.member.power_state.cmp(&b.member.power_state),
        Column::Of(Shown::Zone) => a.member.zone.cmp(&b.member.zone),
        Column::Of(Shown::Kind) => a.member.kind.word().cmp(b.member.kind.word()),
        Column::Of(Shown::Admin) => a.member.admin_state.word().cmp(b.member.admin_state.word()),
        Column::Of(Shown::Latest) => a.member.latest_model.cmp(&b.member.latest_model),
        Column::Of(Shown::Id) => a.member.id.cmp(&b.member.id),
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

    #[test]
    fn the_column_before_is_the_way_back() {
        for column in Column::all() {
            assert_eq!(column.next().before(), column);
        }
    }
}
