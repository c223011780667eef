//! Figures: from what came in to what is printed.

mod merged;
mod months;
mod published;
mod same;
mod scheduled;
mod seven;
