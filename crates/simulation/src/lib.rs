//! Everything at once, from one seed: meters, a hostile network, failing disks and databases, dishonest users, and a
//! reference model that looks after every step.
//!
//! What runs is the product: the real postal security device ([`timbre_psd`]) over a disk in memory, the real messages as
//! bytes, the real handlers and funds rules over a real SQLite file ([`timbre_infrastructure::in_process`]), the meter's real
//! plan ([`timbre_meter::plan`]). What is simulated is around it: time, the line, disks, power, the fate of commits, and
//! the meter's shell (`machine`), which follows `timbre-meter` task by task without its folders and sockets. PostgreSQL is
//! a model of its commits over SQLite: one transaction for each work, conflicts, connections lost before and after the
//! commit; two transactions never run at the same instant.
//!
//! One thread decides everything and a seed decides it for that thread, so a run can be done again to the last line.
//! Signatures are random, as they must be; they are never part of what is compared.

mod books;
mod disk;
mod fact;
mod machine;
mod random;
mod reference;
mod run;
mod trace;
mod world;

pub use run::{Report, Violation, run};
pub use trace::Log;
pub use world::Plan;
