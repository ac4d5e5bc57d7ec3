//! Downstream evaluation: tasks, learners, paired differences with their intervals, reports.
