//! Downstream evaluation: tasks, learners, statistics, comparisons, reports.

mod cli;
mod comparison;
mod roughness;
mod statistics;
mod support;
mod tasks;
