//! The rules of every dialect, judged by the program that loads them wherever it can be installed.
//! A test that needs a program or root fails loudly without it; nothing here leaves a network
//! namespace of its own or changes the machine's firewall.

mod coverage;
mod egress;
mod judges;
mod nftables;
