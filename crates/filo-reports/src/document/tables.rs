//! The tables of sections, by their shapes.

use filo_indicators::{campaign::Step, render::Printable};
use serde_json::Value as Json;

use super::{Column, ColumnKind, DocumentError, Entry, Group, Row, Scale, Shown, Table, Writer};
use crate::{
    figures::{Cell, Part, Unit},
    outline::{Field, List, Place, Total},
    words::MissingText,
};

/// Rows for what has no theme, unit or other place stand last.
const REST: [&str; 5] = ["unclassified", "unassigned", "no_queue", "not_registered", "unallocated"];
/// What a duration is told by.
pub(super) const STATISTICS: [&str; 4] = ["n", "mean_s", "median_s", "p90_s"];

impl Writer<'_> {
    /// One figure a row.
    pub(super) fn figures_table(&self, key: &'static str, places: &[Place]) -> Result<Table, DocumentError> {
        let mut rows = Vec::new();
        for place in places {
            match (place.pattern.rsplit_once("/*/"), place.key) {
                (Some((list, _)), None) => {
                    for key in self.keys(list, &[]) {
                        rows.push(self.figure_line(place.pattern, &[key])?);
                    }
                }
                _ => rows.push(self.figure_line(place.pattern, &Self::keys_of(place))?),
            }
        }
        let mut columns = vec![self.column("figure", ColumnKind::Name)?, self.own_period()?];
        columns.extend(self.changes_heads()?);
        columns.extend(self.year_to_date_head());
        columns.push(self.column("explain", ColumnKind::Pointer)?);
        self.table(key, Part::Month, vec![Group { heading: None, columns }], rows)
    }

    fn figure_line(&self, pattern: &str, keys: &[String]) -> Result<Row, DocumentError> {
        let key = keys.first().map(String::as_str).unwrap_or_default();
        let mut cells = vec![Entry::Text(self.words.label(pattern, key)?), self.main(pattern, keys)?];
        cells.extend(self.changes(pattern, keys)?);
        cells.extend(self.year_to_date(pattern, keys)?);
        cells.push(Entry::Pointer(self.pointer(pattern, keys)?));
        Ok(Row::of(cells))
    }

    /// The month beside those that it is compared with.
    pub(super) fn changes_table(&self, key: &'static str, places: &[Place]) -> Result<Table, DocumentError> {
        let mut columns = vec![self.column("figure", ColumnKind::Name)?, self.own_period()?];
        for (part, change) in self.periods.compared().iter().zip(self.changes_heads()?) {
            columns.extend([self.period(*part), change]);
        }
        let rows = places.iter().map(|place| self.changes_line(place.pattern, &Self::keys_of(place)));
        let rows = rows.collect::<Result<_, _>>()?;
        self.table(key, Part::Month, vec![Group { heading: None, columns }], rows)
    }

    fn changes_line(&self, pattern: &str, keys: &[String]) -> Result<Row, DocumentError> {
        let mut cells = vec![Entry::Text(self.full_label(pattern)?), self.main(pattern, keys)?];
        for part in self.periods.compared() {
            cells.push(self.figure(*part, pattern, keys)?);
            cells.push(Entry::Change(self.change(*part, pattern, keys)?));
        }
        Ok(Row::of(cells))
    }

    /// A figure's label with what it is of, where its block does not stand above it.
    fn full_label(&self, pattern: &str) -> Result<String, DocumentError> {
        let block = pattern.split('/').nth(1).unwrap_or_default();
        let of = match block {
            "phone" | "scrivi" | "social" | "callbacks" => {
                Some(self.text(&format!("report.section.{block}"))?)
            }
            "email" => Some(self.text("channels.email")?),
            _ => None,
        };
        let label = self.words.label(pattern, "")?;
        Ok(of.map_or_else(|| label.clone(), |of| format!("{of}: {label}")))
    }

    /// How many of each, with their shares.
    pub(super) fn counted_table(
        &self,
        key: &'static str,
        list: &List,
        shares: bool,
        total: bool,
    ) -> Result<Table, DocumentError> {
        let share = || self.column("share", ColumnKind::Figure);
        let count = self.column("count", ColumnKind::Figure)?.of_field("count");
        let mut columns = vec![self.column(list.heading, ColumnKind::Name)?, count];
        if shares {
            columns.extend([share()?.of_field("share"), Column::new(String::new(), ColumnKind::Bar)]);
        }
        columns.extend(self.changes_heads()?);
        if let Some(head) = self.year_to_date_head() {
            columns.push(head);
            columns.extend(shares.then(share).transpose()?);
        }
        columns.push(self.column("explain", ColumnKind::Pointer)?);
        let keys = self.keys(list.path, &[]);
        let mut rows = keys
            .iter()
            .map(|key| self.counted_line(list.path, key, shares))
            .collect::<Result<Vec<_>, _>>()?;
        if total {
            rows.push(self.counted_total(list.path, &columns)?);
        }
        self.table(key, Part::Month, vec![Group { heading: None, columns }], rows)
    }

    fn counted_line(&self, list: &str, key: &str, shares: bool) -> Result<Row, DocumentError> {
        let (count, share) = (format!("{list}/*/count"), format!("{list}/*/share"));
        let keys = [key.to_owned()];
        let mut cells = vec![Entry::Text(self.name(list, key)?), self.main(&count, &keys)?];
        if shares {
            cells.push(self.figure(Part::Month, &share, &keys)?);
            cells.push(Entry::Bar(self.cell(Part::Month, &share, &keys)?.value.unwrap_or_default()));
        }
        cells.extend(self.changes(&count, &keys)?);
        cells.extend(self.year_to_date(&count, &keys)?);
        if shares {
            cells.extend(self.year_to_date(&share, &keys)?);
        }
        cells.push(Entry::Pointer(self.pointer(&count, &keys)?));
        Ok(Row::of(cells))
    }

    /// The sums of the two columns of counts.
    fn counted_total(&self, list: &str, columns: &[Column]) -> Result<Row, DocumentError> {
        let mut sums = [Part::Month, Part::YearToDate].into_iter();
        let mut cells = vec![Entry::Text(self.text("report.column.total")?)];
        let share = self.text("report.column.share")?;
        for column in columns.iter().skip(1) {
            let counts = column.kind == ColumnKind::Figure && column.heading != share;
            let part = if counts { sums.next() } else { None };
            cells.push(part.map_or(Ok(Entry::Empty), |part| self.sum(part, list))?);
        }
        Ok(Row::total(cells))
    }

    /// The sum of a list's counts, which stands nowhere in the report.
    fn sum(&self, part: Part, list: &str) -> Result<Entry, DocumentError> {
        let count = |row: &Json| row.get("count").and_then(Json::as_u64);
        let sum: u64 = self.figures.rows(part, list).iter().filter_map(count).sum();
        let cell = Cell { value: Some(sum as f64), unit: Unit::Count, pointer: None };
        let text = self.words.figure(cell.value, cell.unit)?;
        Ok(Entry::Figure(Shown { text, cell, scale: Scale::Days, main: false }))
    }

    /// One row of a list a row, one field a column.
    pub(super) fn grid_table(
        &self,
        part: Part,
        key: &'static str,
        list: &List,
        fields: &[Field],
        total: Option<&Total>,
    ) -> Result<Table, DocumentError> {
        let heading = self.column(self.heading(list), ColumnKind::Name)?;
        let name = Group { heading: None, columns: vec![heading] };
        let mut groups = vec![name];
        for field in fields {
            groups.push(self.grid_group(list.path, *field)?);
        }
        let mut rows = Vec::new();
        let mut keys = self.keys(list.path, &[]);
        if list.folded_from.is_some() {
            keys.sort();
        }
        for key in keys {
            rows.push(self.grid_line(part, list.path, &key, fields)?);
        }
        if let Some(total) = total {
            let figures = total.places.iter().map(|place| self.figure(part, place, &[]));
            let text = self.text(&format!("report.column.{}", total.text))?;
            let cells = std::iter::once(Ok(Entry::Text(text))).chain(figures).collect::<Result<_, _>>()?;
            rows.push(Row::total(cells));
        }
        let appendix = list.folded_from.is_some_and(|most| rows.len() >= most);
        Ok(Table { appendix, ..self.table(key, part, groups, rows)? })
    }

    fn grid_group(&self, list: &str, field: Field) -> Result<Group, DocumentError> {
        match field {
            Field::Figure(name) => {
                let heading = self.words.label(&format!("{list}/*/{name}"), "")?;
                Ok(Group {
                    heading: None,
                    columns: vec![Column::new(heading, ColumnKind::Figure).of_field(name)],
                })
            }
            Field::Duration(name) => {
                let place = format!("{list}/*/{name}");
                // A clock whose statistics have labels of their own has its own beside them.
                let heading = self
                    .words
                    .label(&format!("{place}/title"), "")
                    .or_else(|_no_title| self.words.label(&place, ""))?;
                let n = Column::new("n".to_owned(), ColumnKind::Figure);
                let named = |name: &str| self.column(name, ColumnKind::Figure);
                let columns =
                    [n, named("mean")?, named("median")?, named("p90")?].into_iter().zip(STATISTICS);
                let columns =
                    columns.map(|(column, statistic)| column.of_field(&format!("{name}/{statistic}")));
                Ok(Group { heading: Some(heading), columns: columns.collect() })
            }
        }
    }

    fn grid_line(&self, part: Part, list: &str, key: &str, fields: &[Field]) -> Result<Row, DocumentError> {
        let keys = [key.to_owned()];
        let mut cells = Vec::new();
        for field in fields {
            match field {
                Field::Figure(name) => cells.push(self.figure(part, &format!("{list}/*/{name}"), &keys)?),
                Field::Duration(name) => {
                    for statistic in STATISTICS {
                        let place = format!("{list}/*/{name}/{statistic}");
                        let shown = self.shown(part, &place, &keys)?;
                        cells.push(Entry::Figure(Shown { main: statistic == "mean_s", ..shown }));
                    }
                }
            }
        }
        let text = self.name(list, key)?;
        let pointer = if part == Part::Month { row_pointer(&cells, list) } else { None };
        cells.insert(0, pointer.map_or(Entry::Text(text.clone()), |pointer| Entry::Name { text, pointer }));
        Ok(Row::of(cells))
    }

    /// What does not count as a request.
    pub(super) fn exclusions_table(&self) -> Result<Table, DocumentError> {
        let mut columns = vec![
            self.column("channel", ColumnKind::Name)?,
            self.column("reason", ColumnKind::Words)?,
            self.own_period()?,
        ];
        columns.extend(self.changes_heads()?);
        columns.extend(self.year_to_date_head());
        columns.push(self.column("explain", ColumnKind::Pointer)?);
        let mut rows = Vec::new();
        for channel in self.keys("/channels", &[]) {
            for reason in self.keys("/channels/*/excluded", std::slice::from_ref(&channel)) {
                rows.push(self.exclusion(&channel, &reason)?);
            }
        }
        self.table("excluded", Part::Month, vec![Group { heading: None, columns }], rows)
    }

    fn exclusion(&self, channel: &str, reason: &str) -> Result<Row, DocumentError> {
        let (pattern, keys) = ("/channels/*/excluded/*/count", [channel.to_owned(), reason.to_owned()]);
        let mut cells = vec![
            Entry::Text(self.name("/channels", channel)?),
            Entry::Text(self.name("/excluded", reason)?),
            self.main(pattern, &keys)?,
        ];
        cells.extend(self.changes(pattern, &keys)?);
        cells.extend(self.year_to_date(pattern, &keys)?);
        cells.push(Entry::Pointer(self.pointer(pattern, &keys)?));
        Ok(Row::of(cells))
    }

    pub(super) fn table(
        &self,
        key: &'static str,
        part: Part,
        groups: Vec<Group>,
        rows: Vec<Row>,
    ) -> Result<Table, DocumentError> {
        let title = self.text(&format!("report.table.{key}"))?;
        let empty = self.words.text(&format!("report.empty.{key}"));
        let empty = empty.or_else(|_none_of_its_own| self.words.text("report.nothing"))?.to_owned();
        Ok(Table {
            key,
            title,
            when: self.periods.name(part).to_owned(),
            groups,
            rows,
            empty,
            appendix: false,
            quoted: false,
        })
    }

    pub(super) fn column(&self, key: &str, kind: ColumnKind) -> Result<Column, DocumentError> {
        Ok(Column::new(self.text(&format!("report.column.{key}"))?, kind))
    }

    /// What stands above a list's names: a series has days or weeks.
    fn heading(&self, list: &List) -> &'static str {
        match self.report {
            Printable::Campaign(report) if list.heading == "day" && report.campaign.step == Step::Week => {
                "week"
            }
            _ => list.heading,
        }
    }

    fn period(&self, part: Part) -> Column {
        Column::new(self.periods.name(part).to_owned(), ColumnKind::Figure)
    }

    /// The head of the report's own figures; where there are no others it need not name the period.
    pub(super) fn own_period(&self) -> Result<Column, DocumentError> {
        if self.periods.others.is_some() {
            Ok(self.period(Part::Month))
        } else {
            self.column("value", ColumnKind::Figure)
        }
    }

    fn year_to_date_head(&self) -> Option<Column> {
        self.periods.year_to_date().map(|part| self.period(part))
    }

    fn year_to_date(&self, pattern: &str, keys: &[String]) -> Result<Option<Entry>, DocumentError> {
        self.periods.year_to_date().map(|part| self.figure(part, pattern, keys)).transpose()
    }

    fn changes_heads(&self) -> Result<Vec<Column>, DocumentError> {
        let head = |month: &str| {
            let heading = self.words.fill("report.column.change", &[("month", month)])?;
            Ok(Column::new(heading, ColumnKind::Change))
        };
        self.periods.compared_names().map(head).collect()
    }

    fn changes(&self, pattern: &str, keys: &[String]) -> Result<Vec<Entry>, DocumentError> {
        let change = |part: &Part| self.change(*part, pattern, keys).map(Entry::Change);
        self.periods.compared().iter().map(change).collect()
    }

    pub(super) fn keys(&self, list: &str, outer: &[String]) -> Vec<String> {
        let mut keys = self.figures.keys(list, outer);
        keys.sort_by_key(|key| REST.iter().position(|rest| rest == key));
        keys
    }

    fn name(&self, list: &str, key: &str) -> Result<String, DocumentError> {
        let days = ["/scrivi/resolution_buckets", "/backlog/bands"].contains(&list);
        Ok(if days { self.days(list, key)? } else { self.words.row(list, key) })
    }

    /// `≤7d` in words: from above the row before up to its own bound.
    fn days(&self, list: &str, key: &str) -> Result<String, MissingText> {
        let bound = |key: &str| key.trim_matches(|letter: char| !letter.is_ascii_digit()).to_owned();
        let keys = self.figures.keys(list, &[]);
        let before = keys.iter().take_while(|other| *other != key).last().map(|key| bound(key));
        let own = bound(key);
        match before {
            _ if key.starts_with('>') => self.words.fill("report.days.above", &[("from", &own)]),
            Some(from) => self.words.fill("report.days.between", &[("from", &from), ("to", &own)]),
            None => self.words.fill("report.days.first", &[("to", &own)]),
        }
    }
}

/// The place of a row, from that of its first figure.
fn row_pointer(cells: &[Entry], list: &str) -> Option<String> {
    let pointer = cells.iter().find_map(|entry| match entry {
        Entry::Figure(shown) => shown.cell.pointer.as_deref(),
        _ => None,
    })?;
    let row = pointer.strip_prefix(list)?.trim_start_matches('/').split('/').next()?;
    Some(format!("{list}/{row}"))
}
