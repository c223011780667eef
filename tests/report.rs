//! Figures: from what came in to what is printed.

mod seven;
