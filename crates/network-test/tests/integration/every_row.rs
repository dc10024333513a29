//! Nothing is forgotten: whatever a catalogue lists is looked at, and what cannot be looked at is said to be so (REQ NET-8).

use std::collections::BTreeSet;

use timbre_catalogue::{Catalogue, Group};
use timbre_network_test::{Plan, run};

/// A machine whose only resolver is not there: every check ends at once, and each row must still have its own.
#[tokio::test]
async fn every_row_of_every_catalogue_is_in_the_report() {
    for (name, catalogue) in Catalogue::shipped() {
        let mut plan = Plan::new(catalogue.clone());
        plan.groups = Group::ALL.into();
        plan.resolvers = vec!["127.0.0.1:9".parse().unwrap()];
        plan.probe.nobody = "127.0.0.9".parse().unwrap();
        plan.proxy = "none".parse().unwrap();
        let report = run(&plan, &|_| {}).await;
        let looked_at: BTreeSet<_> =
            report.checks.iter().flat_map(|check| &check.endpoints).cloned().collect();
        let forgotten: Vec<_> = catalogue
            .endpoints()
            .iter()
            .filter(|row| !looked_at.contains(&row.id))
            .map(|row| row.id.to_string())
            .collect();
        assert_eq!(forgotten, Vec::<String>::new(), "{name}");
        let services: usize = report.services.iter().map(|service| service.endpoints.len()).sum();
        assert_eq!(services, catalogue.endpoints().len(), "{name}: one line for each service");
    }
}
