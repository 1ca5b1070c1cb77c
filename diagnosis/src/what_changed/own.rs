//! Which rows went to a target that has left.

use std::collections::BTreeSet;

use super::{
    departures::Departure,
    hosts::{RowsByHost, port_of},
    tie::Span,
};
use crate::{case::Case, need::Need};

/// Which rows went to a departed target.
pub(super) struct Own<'c, 'a> {
    case: &'c Case<'a>,
    rows: &'c RowsByHost<'a>,
    /// Every address that is nothing else's can be told to be one of a departed target without one.
    by_elimination: bool,
}

impl<'c, 'a> Own<'c, 'a> {
    pub(super) fn of(case: &'c Case<'a>, rows: &'c RowsByHost<'a>, spans: &[Span<'_>]) -> Self {
        let without: BTreeSet<&str> = spans
            .iter()
            .map(|span| span.departure)
            .filter(|one| one.hosts.is_empty() && one.host_ports.is_empty())
            .map(|one| one.resource.as_str())
            .collect();
        let needs = [
            Need::TargetGroups,
            Need::TargetHealth,
            Need::Instances,
            Need::Ecs,
        ];
        Self {
            case,
            rows,
            by_elimination: rows.strangers().count() <= without.len()
                && case.missing(&needs).is_empty(),
        }
    }

    /// Their places, and whether that is sure.
    pub(super) fn rows_of(&self, departure: &Departure) -> (Vec<usize>, bool) {
        let (case, rows) = (self.case, self.rows);
        let at_hosts = || {
            departure
                .hosts
                .iter()
                .flat_map(|host| rows.at(host))
                .copied()
        };
        if case.is_classic() {
            let own: Vec<usize> = at_hosts().collect();
            // Classic names no backend where none answered.
            return if own.is_empty() {
                (rows.unnamed().to_vec(), false)
            } else {
                (own, true)
            };
        }
        let of_its_group = |place: &usize| {
            let group = case.rows()[*place].target_group_arn.as_ref();
            departure.target_groups.is_empty()
                || group.is_none_or(|group| departure.target_groups.contains(group))
        };
        if !departure.hosts.is_empty() {
            return (at_hosts().filter(of_its_group).collect(), true);
        }
        if !departure.host_ports.is_empty() {
            let address = |place: &usize| case.rows()[*place].target.as_deref();
            let has_port = |place: &usize| {
                let port = address(place).and_then(port_of);
                port.is_some_and(|port| departure.host_ports.contains(&port))
            };
            let own: Vec<usize> = rows
                .all_named()
                .filter(has_port)
                .filter(of_its_group)
                .collect();
            let addresses: BTreeSet<Option<&str>> = own.iter().map(address).collect();
            return (own, addresses.len() == 1);
        }
        let own = rows.strangers().flat_map(|host| rows.at(host)).copied();
        (own.filter(of_its_group).collect(), self.by_elimination)
    }
}
