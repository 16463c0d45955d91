//! Risk facts, transitions, plans and the query language. Pure: no clock, no input or output.

pub mod action;
pub mod advice;
pub mod catalogue;
pub mod dataset;
pub mod facts;
pub mod filing;
#[cfg(test)]
pub(crate) mod fixture;
mod graph_enum;
pub mod job_event;
pub mod journal;
pub mod journal_words;
pub mod ledger;
pub mod mask;
pub mod password;
pub mod permission;
pub mod plan;
pub mod playbook;
pub mod policy;
pub mod portal;
pub mod query;
pub mod records;
pub mod risk;
pub mod scales;
pub mod self_remediation;
pub mod settings;
pub mod sync;
pub mod text;
pub mod time;
pub mod transition;
pub mod unfinished;
pub mod verification;
pub mod workspace;
