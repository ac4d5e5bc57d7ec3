//! Downstream evaluation: tasks, learners, statistics, comparisons, reports.

mod cases;
mod cli;
mod comparison;
mod roughness;
mod statistics;
mod support;
mod tasks;
