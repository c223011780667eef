//! What suppliers cost, month by month: entered as JSON or CSV, corrected by revisions, listed.
//!
//! A cost is a monthly series of its supplier's, in cents ([`Supplier::series_key`]): it is kept, corrected, frozen and
//! verified as any other.
//!
//! [`Supplier::series_key`]: filo_domain::city::Supplier::series_key

use filo_domain::{Instant, city, form::Localised};
use filo_store::series::{Beginning, Stored, Wanted};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    App, AppError, Caller, Core, Page, Permission, Tally,
    cursors::Binding,
    ledger::{
        Read, Row, Sort, Wrong,
        rows::{self, Columns},
    },
};

pub(crate) use filo_domain::city::COST;

/// What suppliers cost.
pub(crate) static COSTS: Sort =
    Sort { source: "costs", imported: "costs_entered", permission: Permission::EnterCosts, read };

const COLUMNS: Columns =
    Columns { needed: &["supplier", "month", "source"], further: &["amount_cents", "amount_eur", "note"] };

/// Rows to enter.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CostRows {
    /// Each `{supplier, month, amount_cents | amount_eur, source, note?}`.
    pub items: Vec<Row>,
}

impl CostRows {
    /// Reads CSV in UTF-8 with a head: the columns `supplier, month, source`, `amount_cents` or `amount_eur`, and, if
    /// there is one, `note`, in any order, parted by commas or semicolons.
    ///
    /// # Errors
    /// Other bytes than UTF-8, or a head that is another.
    pub fn of_csv(bytes: &[u8]) -> Result<Self, AppError> {
        Ok(Self { items: rows::of_csv(bytes, &COLUMNS)? })
    }
}

/// Which costs to list.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CostQuery {
    /// Of one supplier.
    pub supplier: Option<String>,
    /// The first month, `YYYY-MM`.
    pub from: Option<String>,
    /// The last month.
    pub to: Option<String>,
    /// Whether amounts that were corrected since are listed too.
    pub superseded: Option<bool>,
    /// 1 to 200, by default 50.
    pub limit: Option<usize>,
    /// From the page before.
    pub cursor: Option<String>,
}

/// What a supplier cost in a month.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CostView {
    /// The supplier.
    pub supplier: String,
    /// Its name; `None` once the city no longer names it.
    pub label: Option<Localised>,
    /// `YYYY-MM`.
    pub month: String,
    /// The month's total in cents.
    pub amount_cents: i64,
    /// `EUR`.
    pub currency: &'static str,
    /// Whence it was taken.
    pub source: String,
    /// What a reader should know.
    pub note: Option<String>,
    /// Which of the month's totals it is, from 1; every further one is a correction.
    pub revision: i32,
    /// When it was entered.
    pub imported_at: Instant,
}

impl App {
    /// Enters monthly totals, in one transaction; the same again counts as duplicates, a correction adds a revision,
    /// what cannot be understood is quarantined.
    ///
    /// # Errors
    /// Too many rows, or the store's own.
    pub async fn enter_costs(
        &self,
        caller: &Caller,
        rows: CostRows,
        now: Instant,
    ) -> Result<Tally, AppError> {
        self.import_rows(caller, &COSTS, rows.items, now).await
    }

    /// Lists monthly totals by supplier and month: the last of each month, or those that were corrected since, too.
    ///
    /// # Errors
    /// Wrong months or cursor, or the store's own.
    pub async fn list_costs(&self, caller: &Caller, query: CostQuery) -> Result<Page<CostView>, AppError> {
        let binding = Binding::of(&query, caller)?;
        let CostQuery { supplier, from, to, superseded, limit, cursor } = query;
        let key = supplier.map(|supplier| format!("{COST}{supplier}"));
        let (superseded, beginning) = (superseded.unwrap_or_default(), Beginning::With(COST));
        let wanted = Wanted { key, beginning, from, to, superseded, after: None };
        let page = self.entries(caller, (binding, cursor.as_deref()), wanted, limit).await?;
        Ok(page.map(|total| self.cost_view(total)))
    }

    fn cost_view(&self, total: Stored) -> CostView {
        let Stored { key, month, revision, value: amount_cents, source, note, imported_at } = total;
        let supplier = city::supplier_of(&key).unwrap_or(&key).to_owned();
        let label = self.core.city.costs.supplier(&supplier).map(|it| it.label.clone());
        let currency = city::CURRENCY;
        CostView { supplier, label, month, amount_cents, currency, source, note, revision, imported_at }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Fields {
    supplier: String,
    month: String,
    amount_cents: Option<Value>,
    amount_eur: Option<Value>,
    source: String,
    note: Option<String>,
}

/// Understands a row.
fn read(core: &Core, row: &Row, now: Instant) -> Result<Read, Wrong> {
    let row: Fields = rows::fields(row)?;
    let costs = &core.city.costs;
    let Some(supplier) = costs.supplier(&row.supplier) else {
        let known: Vec<&str> = costs.suppliers.iter().map(|it| it.key.as_str()).collect();
        let detail = format!("there is no supplier {:?}: expected one of {}", row.supplier, known.join(", "));
        return Err(("unknown_supplier", detail));
    };
    let month = rows::begun(core, &row.month, now)?;
    if supplier.allocation(month).is_none() {
        return Err((
            "supplier_not_paid",
            format!("{} is not paid in {month}: see costs.toml", supplier.key),
        ));
    }
    let value = match (&row.amount_cents, &row.amount_eur) {
        (Some(cents), None) => rows::volume(cents)?,
        (None, Some(euros)) => rows::euros(euros)?,
        (None, None) | (Some(_), Some(_)) => {
            return Err(("bad_row", "expected amount_cents or amount_eur, and not both".to_owned()));
        }
    };
    Ok(Read {
        key: supplier.series_key(),
        month: month.to_string(),
        value,
        source: rows::source(&row.source)?,
        note: rows::note(row.note.as_deref())?,
    })
}
