//! What the demo's suppliers cost, so that its report tells what answering costs.

use filo_app::{App, AppError, Caller, CostRows};
use filo_domain::{Instant, Period};
use serde_json::json;

/// What each supplier costs a month: about two euros a call of the demo's line.
const MONTHLY_EUR: u32 = 2_150;

/// Enters a total of these months for each supplier that is paid in them.
pub(super) async fn suppliers(app: &App, months: [Period; 2], now: Instant) -> Result<(), AppError> {
    let paid = |month: &Period| {
        let suppliers = app.city().costs.suppliers.iter();
        let (month, paid) = (*month, suppliers.filter(|supplier| supplier.allocation(*month).is_some()));
        let row = move |key: &str| json!({ "supplier": key, "month": month.to_string(), "amount_eur": MONTHLY_EUR, "source": "demo" });
        paid.filter_map(|supplier| row(&supplier.key).as_object().cloned()).collect::<Vec<_>>()
    };
    let rows = CostRows { items: months.iter().flat_map(paid).collect() };
    app.enter_costs(&Caller::console(), rows, now).await?;
    Ok(())
}
