//! Which cells of tables that anybody may read are withheld, so that no small count can be read or computed.
//!
//! **Invariant:** of what [`Tables::marks`] leaves readable, nobody who knows the rule, the marks and which cells add
//! up to which can compute a cell that counts one to four contacts, nor one that was withheld for its sake. What is
//! never printed but follows by subtraction (calls *not* answered) is an implied cell and guarded like the others.
//!
//! The rule: counts of 1 to 4 are printed as `<5`. While one of them could still be computed (by adding and
//! subtracting over all tables at once, or because a total leaves it one value only) or what a total leaves over is
//! itself below 5, the next smallest count above zero beside it is withheld, then the total. Zero is nobody and stays.

use std::collections::{BTreeMap, BTreeSet};

/// The least count that is printed as it is, but for zero.
pub const LEAST: u64 = 5;
/// More than any count: an upper bound where there is none.
const NO_BOUND: i128 = 1 << 60;
/// Bounds that have not settled after so many rounds are far from a single value.
const ROUNDS: usize = 64;

/// A cell by its place in [`Tables`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct CellId(usize);

/// Why a cell is not printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    /// It counts one to four.
    Small,
    /// It would tell another, or nothing may be said of it at all.
    Withheld,
}

#[derive(Clone, Copy, Debug)]
struct Cell {
    value: u64,
    printed: bool,
}

#[derive(Clone, Debug)]
struct Sum {
    whole: CellId,
    parts: Vec<CellId>,
}

impl Sum {
    fn has(&self, cell: CellId) -> bool {
        self.whole == cell || self.parts.contains(&cell)
    }
}

/// The marks of cells that are not printed.
pub type Marks = BTreeMap<CellId, Mark>;

/// Counts, and which of them add up to which.
#[derive(Clone, Debug, Default)]
pub struct Tables {
    cells: Vec<Cell>,
    sums: Vec<Sum>,
}

impl Tables {
    /// A count that is to be printed.
    pub fn printed(&mut self, value: u64) -> CellId {
        self.add(value, true)
    }

    /// A count that is not printed and yet may follow from others.
    pub fn implied(&mut self, value: u64) -> CellId {
        self.add(value, false)
    }

    fn add(&mut self, value: u64, printed: bool) -> CellId {
        self.cells.push(Cell { value, printed });
        CellId(self.cells.len().saturating_sub(1))
    }

    /// The parts add up to the whole. What does not add up tells nothing and is left out.
    pub fn sum(&mut self, whole: CellId, parts: Vec<CellId>) {
        if parts.iter().map(|part| self.value(*part)).sum::<u64>() == self.value(whole) {
            self.sums.push(Sum { whole, parts });
        }
    }

    /// A part of a whole; what is left over is implied, and given.
    pub fn part(&mut self, whole: CellId, part: CellId) -> CellId {
        let left = self.implied(self.value(whole).saturating_sub(self.value(part)));
        self.sum(whole, vec![part, left]);
        left
    }

    /// The count of a cell.
    pub fn value(&self, cell: CellId) -> u64 {
        self.cells.get(cell.0).map_or(0, |cell| cell.value)
    }

    /// What is not printed: a pure function of the counts, the sums, and the cells that are withheld in any case.
    pub fn marks(&self, forced: &BTreeSet<CellId>) -> Marks {
        let small = self.ids().filter(|cell| self.is_small(*cell) && self.is_printed(*cell));
        let mut marks: Marks = small.map(|cell| (cell, Mark::Small)).collect();
        for cell in forced.iter().filter(|cell| self.is_printed(**cell)) {
            marks.entry(*cell).or_insert(Mark::Withheld);
        }
        while let Some(cell) = self.disclosed(&marks) {
            match self.beside(cell, &marks) {
                Some(next) => marks.extend([(next, Mark::Withheld)]),
                None if self.say_less(cell, &mut marks) => {}
                None => match self.anywhere(&marks) {
                    Some(next) => marks.extend([(next, Mark::Withheld)]),
                    None => break,
                },
            }
        }
        marks
    }

    /// A guarded cell that can be computed from what the marks leave.
    pub fn disclosed(&self, marks: &Marks) -> Option<CellId> {
        self.left_over(marks).or_else(|| self.pinned(marks)).or_else(|| self.determined(marks))
    }

    fn ids(&self) -> impl Iterator<Item = CellId> {
        (0..self.cells.len()).map(CellId)
    }

    fn is_printed(&self, cell: CellId) -> bool {
        self.cells.get(cell.0).is_some_and(|cell| cell.printed)
    }

    fn is_small(&self, cell: CellId) -> bool {
        (1..LEAST).contains(&self.value(cell))
    }

    /// Whether a reader sees the count itself.
    fn is_read(&self, cell: CellId, marks: &Marks) -> bool {
        self.is_printed(cell) && !marks.contains_key(&cell)
    }

    /// Whether nobody may find it out.
    fn is_guarded(&self, cell: CellId, marks: &Marks) -> bool {
        marks.contains_key(&cell) || (!self.is_printed(cell) && self.is_small(cell))
    }

    /// A total that is read, less what is read of its parts, leaves one to four.
    fn left_over(&self, marks: &Marks) -> Option<CellId> {
        self.sums.iter().filter(|sum| self.is_read(sum.whole, marks)).find_map(|sum| {
            let unread = sum.parts.iter().copied().filter(|part| !self.is_read(*part, marks));
            let left: u64 = unread.clone().map(|part| self.value(part)).sum();
            let mut guarded = unread.filter(|part| self.is_guarded(*part, marks));
            if (1..LEAST).contains(&left) { guarded.next() } else { None }
        })
    }

    /// What a reader knows of each cell before adding anything up.
    fn told(&self, marks: &Marks) -> Vec<(i128, i128)> {
        let range = |cell: CellId| {
            let value = i128::from(self.value(cell));
            match marks.get(&cell) {
                None if self.is_printed(cell) => (value, value),
                Some(Mark::Small) => (1, i128::from(LEAST) - 1),
                // Who knows the rule knows that large counts are withheld beside small ones.
                Some(Mark::Withheld) if self.value(cell) >= LEAST => (i128::from(LEAST), NO_BOUND),
                Some(Mark::Withheld) | None => (0, NO_BOUND),
            }
        };
        self.ids().map(range).collect()
    }

    /// A guarded cell for which the totals leave one value.
    fn pinned(&self, marks: &Marks) -> Option<CellId> {
        let mut ranges = self.told(marks);
        for _ in 0..ROUNDS {
            let before = ranges.clone();
            self.sums.iter().for_each(|sum| narrow(sum, &mut ranges));
            if before == ranges {
                break;
            }
        }
        let fixed = |cell: &CellId| ranges.get(cell.0).is_some_and(|(least, most)| least >= most);
        self.ids().filter(|cell| self.is_guarded(*cell, marks)).find(fixed)
    }

    /// A guarded cell that adding and subtracting over all sums gives.
    fn determined(&self, marks: &Marks) -> Option<CellId> {
        let unread: Vec<CellId> = self.ids().filter(|cell| !self.is_read(*cell, marks)).collect();
        let weight = |sum: &Sum, cell: &CellId| {
            let parts = sum.parts.iter().filter(|part| *part == cell).count();
            i128::try_from(parts).unwrap_or(0) - i128::from(sum.whole == *cell)
        };
        let rows = self.sums.iter().map(|sum| unread.iter().map(|cell| weight(sum, cell)).collect());
        let alone = reduced(rows.collect()).into_iter().filter_map(|row| {
            let mut places = row.iter().enumerate().filter(|(_, weight)| **weight != 0);
            let first = places.next()?;
            places.next().is_none().then_some(first.0)
        });
        alone.filter_map(|place| unread.get(place).copied()).find(|cell| self.is_guarded(*cell, marks))
    }

    /// What is withheld next for a cell's sake: the smallest part above zero of a sum that it is in, else a total.
    fn beside(&self, cell: CellId, marks: &Marks) -> Option<CellId> {
        let sums = || self.sums.iter().filter(move |sum| sum.has(cell));
        let open = |next: &CellId| self.is_read(*next, marks) && self.value(*next) > 0;
        let parts = sums().flat_map(|sum| sum.parts.iter().copied()).filter(|next| *next != cell);
        let part = parts.filter(open).min_by_key(|next| (self.value(*next), *next));
        part.or_else(|| sums().map(|sum| sum.whole).filter(open).min())
    }

    /// Says no longer that the cells around are below five; whether that changed anything.
    fn say_less(&self, cell: CellId, marks: &mut Marks) -> bool {
        let mut around: BTreeSet<CellId> = BTreeSet::from([cell]);
        for sum in self.sums.iter().filter(|sum| sum.has(cell)) {
            around.extend(sum.parts.iter().copied().chain([sum.whole]));
        }
        let small: Vec<CellId> =
            around.into_iter().filter(|cell| marks.get(cell) == Some(&Mark::Small)).collect();
        marks.extend(small.iter().map(|cell| (*cell, Mark::Withheld)));
        !small.is_empty()
    }

    /// The smallest count that is still read in any sum that has an unread one; a zero last.
    fn anywhere(&self, marks: &Marks) -> Option<CellId> {
        let touched = self
            .sums
            .iter()
            .filter(|sum| sum.parts.iter().chain([&sum.whole]).any(|cell| self.is_guarded(*cell, marks)));
        let cells = touched.flat_map(|sum| sum.parts.iter().copied().chain([sum.whole]));
        let open = cells.filter(|cell| self.is_read(*cell, marks));
        open.min_by_key(|cell| (self.value(*cell) == 0, self.value(*cell), *cell))
    }
}

/// What a sum says about the bounds of its cells.
fn narrow(sum: &Sum, ranges: &mut [(i128, i128)]) {
    let of = |ranges: &[(i128, i128)], cell: CellId| ranges.get(cell.0).copied().unwrap_or((0, NO_BOUND));
    let total = |ranges: &[(i128, i128)]| {
        sum.parts.iter().map(|part| of(ranges, *part)).fold((0, 0), |sum, it| (sum.0 + it.0, sum.1 + it.1))
    };
    let (least, most) = total(ranges);
    cut(ranges, sum.whole, least, most);
    for part in &sum.parts {
        let (whole, own, all) = (of(ranges, sum.whole), of(ranges, *part), total(ranges));
        cut(ranges, *part, whole.0 - (all.1 - own.1), whole.1 - (all.0 - own.0));
    }
}

fn cut(ranges: &mut [(i128, i128)], cell: CellId, least: i128, most: i128) {
    if let Some(range) = ranges.get_mut(cell.0) {
        *range = (range.0.max(least), range.1.min(most.min(NO_BOUND)));
    }
}

/// Rows brought by adding and subtracting them to the form in which each leads with a place that no other has.
fn reduced(rows: Vec<Vec<i128>>) -> Vec<Vec<i128>> {
    let mut done: Vec<(usize, Vec<i128>)> = Vec::new();
    for mut row in rows {
        for (lead, other) in &done {
            row = without(row, *lead, other);
        }
        let Some(lead) = row.iter().position(|weight| *weight != 0) else { continue };
        for (_, other) in &mut done {
            *other = without(std::mem::take(other), lead, &row);
        }
        done.push((lead, row));
    }
    done.into_iter().map(|(_, row)| row).collect()
}

/// A row without its entry at a place, at which another has one; divided by what all its entries have in common.
fn without(row: Vec<i128>, place: usize, other: &[i128]) -> Vec<i128> {
    let at = |row: &[i128]| row.get(place).copied().unwrap_or(0);
    let (own, theirs) = (at(&row), at(other));
    if own == 0 || theirs == 0 {
        return row;
    }
    let mixed: Vec<i128> = row.iter().zip(other).map(|(a, b)| a * theirs - b * own).collect();
    let common = mixed.iter().fold(0, |common, weight| divisor(common, weight.abs()));
    if common > 1 { mixed.into_iter().map(|weight| weight / common).collect() } else { mixed }
}

fn divisor(a: i128, b: i128) -> i128 {
    if b == 0 { a } else { divisor(b, a % b) }
}

#[cfg(test)]
mod tests;
