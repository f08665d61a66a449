//! The examples below each command's help. A test parses every line of them.

pub(super) const TOP: &str = "\
Examples:
  azlb --sim                                      the terminal UI on the built-in demo estate
  azlb list members --pool db-lb/masters          who serves, and how they are
  azlb swap --pool db-lb/masters --to vm-db-2     fail over to vm-db-2
  azlb run swap_master --help                     what a saved procedure takes
  azlb journal undo 7f3c                          take a plan back

Exit codes: 0 done, 1 failed, 2 usage, 3 refused by a guard, 4 partly done, 5 interrupted.";

pub(super) const LIST: &str = "\
Examples:
  azlb list pools                                 every pool, its rules and how many members it has
  azlb list members --pool web-lb/blue            a pool's members with their health
  azlb list candidates --pool db-lb/masters       who could join it
  azlb list members -o json --query \"[?health.state!='up'].name\"
  azlb list drift                                 where scale sets' models, instances and pools differ";

pub(super) const SHOW: &str = "\
Examples:
  azlb show db-lb/masters                         a pool's document
  azlb show /subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/rg-db/providers/Microsoft.Network/networkInterfaces/vm-db-1-nic -o yaml";

pub(super) const HEALTH: &str = "\
Examples:
  azlb health --pool web-lb/blue                  each member by each rule, with the reason in words
  azlb health --pool web-lb/blue -o json --query \"[?state=='down']\"";

pub(super) const ADD: &str = "\
Examples:
  azlb add --pool web-lb/blue vm-web-5 vm-web-6   VMs by name
  azlb add --pool api-lb/api set:api-ss           a Uniform scale set as a whole
  azlb add --pool cache-lb/nodes node-5=10.1.4.15 an address of an IP pool, with its name
  azlb add --pool web-lb/blue vm-web-5 --dry-run  print the plan and stop";

pub(super) const REMOVE: &str = "\
Examples:
  azlb remove --pool web-lb/blue vm-web-1         by name, address or id
  azlb remove --pool web-lb/blue --ghosts         entries whose machine is gone
  azlb remove --pool api-lb/api api-ss/3 --yes    one instance, without asking";

pub(super) const MOVE: &str = "\
Examples:
  azlb move --from web-lb/green --to web-lb/blue vm-web-5 vm-web-6";

pub(super) const SWAP: &str = "\
Examples:
  azlb swap --pool db-lb/masters --to vm-db-2             out, verified, then in
  azlb swap --pool db-lb/masters --to vm-db-2 --ask       asks between: time to promote vm-db-2
  azlb swap --pool web-lb/blue --from vm-web-1 --to vm-web-5 --order make-before-break
  azlb swap --pool db-lb/masters --to vm-db-2 --on-failure undo --yes -o json";

pub(super) const DRAIN: &str = "\
Examples:
  azlb drain --pool web-lb/blue vm-web-1 --wait 5m        no new connections, 5 minutes, out";

pub(super) const REPLACE: &str = "\
Examples:
  azlb replace --pool web-lb/blue vm-web-5 vm-web-6 vm-web-7 vm-web-8
  azlb replace --pool web-lb/blue vm-web-5 vm-web-6 --batch 25% --pause 2m";

pub(super) const ADMIN_STATE: &str = "\
Examples:
  azlb admin-state --pool web-lb/blue down vm-web-1       no new connections; it stays a member
  azlb admin-state --pool web-lb/blue none vm-web-1       its probe decides again";

pub(super) const EVACUATE: &str = "\
Examples:
  azlb evacuate zone:2                            everything in a zone out of every pool it is in
  azlb evacuate vm-web-1 api-ss --lb web-lb       only out of one load balancer's pools
  azlb restore                                    put the last evacuation's machines back";

pub(super) const ALIGN: &str = "\
Examples:
  azlb list drift                                 who differs from its set's model
  azlb align api-ss                               its instances follow the model again";

pub(super) const RESTORE: &str = "\
Examples:
  azlb restore                                    the newest evacuation that still stands
  azlb restore 7f3c                               that one";

pub(super) const RUN: &str = "\
Examples:
  azlb run swap_master --pool db-lb/masters --to vm-db-2 --sim
  azlb run ./night.rhai --help                    a file of your own, and what it takes
  azlb run audit -o json                          what is out of the ordinary, for a program";

pub(super) const SCRIPTS: &str = "\
Examples:
  azlb scripts list                               yours and those that azlb brings
  azlb scripts new night                          writes ./scripts/night.rhai to begin with
  azlb scripts check night                        mistakes, without running it
  azlb scripts doc wait_healthy                   a function; without a name, all of them";

pub(super) const JOURNAL: &str = "\
Examples:
  azlb journal list                               what was done on this machine, the newest first
  azlb journal show 7f3c                          each step of a plan
  azlb journal resume 7f3c                        go on after a crash, a kill, a lost connection
  azlb journal undo 7f3c                          take it back";

pub(super) const REPL: &str = "\
Examples:
  azlb repl --sim                                 try the functions on the demo estate";

pub(super) const EXPORT: &str = "\
Examples:
  azlb export > estate.jsonl                      a copy to rehearse on: azlb --sim=estate.jsonl
  azlb export --redact > estate.jsonl             the same with stand-ins for every name, id and address";

pub(super) const SIM: &str = "\
Examples:
  azlb sim                                        the demo estate; the first line says what to set
  azlb sim --generate subs=10,lbs=1000,nics=10000 --speed 10
  azlb sim --fault 'PUT networkInterfaces 429 count=3 retry-after=2'";

pub(super) const DOCTOR: &str = "\
Examples:
  azlb doctor                                     what works from where you are
  azlb doctor --auth managed-identity";

pub(super) const MAN: &str = "\
Examples:
  azlb man ~/.local/share/man/man1";

pub(super) const COMPLETIONS: &str = "\
Examples, each for the shell's start-up file:
  source <(azlb completions bash)
  source <(azlb completions zsh)
  azlb completions fish | source
  azlb completions powershell | Out-String | Invoke-Expression

Names of pools, members and scripts are completed too: those of the last listing, from the state's folder.";

#[cfg(test)]
mod tests {
    use clap::{CommandFactory as _, Parser as _};

    use super::super::args::{Args, join_sim};

    /// Every command's examples, as what would be typed.
    fn lines(command: &clap::Command, into: &mut Vec<(String, Vec<String>)>) {
        let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
        for line in help.lines().filter_map(|l| l.strip_prefix("  azlb")) {
            // What stands after three spaces is a remark; after > or |, another program's.
            let line = line.trim().split("  ").next().unwrap_or_default().split(['>', '|']).next().unwrap_or_default();
            into.push((command.get_name().to_owned(), shlex::split(line).unwrap()));
        }
        command.get_subcommands().for_each(|below| lines(below, into));
    }

    #[test]
    fn every_example_is_understood() {
        let mut all = Vec::new();
        lines(&Args::command(), &mut all);
        assert!(all.len() > 50, "{}", all.len());
        for (command, words) in all {
            let whole = std::iter::once("azlb".to_owned()).chain(words.clone()).map(Into::into);
            let parsed = Args::try_parse_from(join_sim(whole));
            assert!(parsed.is_ok(), "{command}: azlb {}: {}", words.join(" "), parsed.unwrap_err());
        }
    }

    #[test]
    fn every_command_has_an_example() {
        for command in Args::command().get_subcommands() {
            assert!(command.get_after_help().is_some(), "{}", command.get_name());
        }
    }
}
