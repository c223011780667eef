//! Figures: from what came in to what is printed.

mod months;
mod same;
mod seven;
