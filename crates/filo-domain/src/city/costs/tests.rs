use jiff::civil::date as day;

use super::*;

const COSTS: &str = r#"
default_line = "generale"

[[suppliers]]
key = "contact-center"
label = { it = "Contact center" }
channels = ["phone"]
valid_to = "2027-01-01"
allocations = [
  { valid_from = "2026-01-01", method = "contacts", version = "1" },
  { valid_from = "2026-07-01", method = "handled_minutes", version = "2" },
]

[[lines]]
key = "tari"
label = { it = "TARI" }
theme = ["tributi/tari"]
tag = ["campagna"]
valid_from = "2026-03-01"
valid_to = "2026-09-01"

[[lines]]
key = "tributi"
label = { it = "Tributi" }
theme = ["tributi"]

[[lines]]
key = "generale"
label = { it = "Servizi generali" }
"#;

/// The parts of a city that lines are checked against.
fn parts() -> (Themes, Units) {
    let shipped = |name: &str, text: &'static str| (name.to_owned(), text.to_owned());
    let files = BTreeMap::from([
        shipped("themes.toml", include_str!("../../../../../config/cities/milano/themes.toml")),
        shipped("units.toml", include_str!("../../../../../config/cities/milano/units.toml")),
    ]);
    let units = super::super::units::read(&File::named(&files, "units.toml").unwrap()).unwrap();
    let themes = super::super::themes::read(&File::named(&files, "themes.toml").unwrap(), &units).unwrap();
    (themes, units)
}

fn of(text: &str) -> Result<Costs, ConfigError> {
    let (themes, units) = parts();
    read(&BTreeMap::from([("costs.toml".to_owned(), text.to_owned())]), &themes, &units)
}

#[test]
fn a_supplier_is_paid_from_its_first_allocation_to_its_last_day() {
    let costs = of(COSTS).unwrap();
    let supplier = costs.supplier("contact-center").unwrap();
    let name = |month: &str| supplier.allocation(Period::parse_month(month).unwrap()).map(Allocation::name);
    assert_eq!(name("2025-12"), None);
    assert_eq!(name("2026-01").as_deref(), Some("contacts/1"));
    assert_eq!(name("2026-06").as_deref(), Some("contacts/1"));
    assert_eq!(name("2026-07").as_deref(), Some("handled_minutes/2"));
    assert_eq!((name("2026-12").is_some(), name("2027-01")), (true, None));
    assert_eq!(supplier_of(&supplier.series_key()), Some("contact-center"));
    assert_eq!(supplier_of("contact-center"), None);
}

#[test]
fn the_first_line_that_pays_for_a_contact_does_and_the_default_for_the_rest() {
    let costs = of(COSTS).unwrap();
    let tags = ["campagna".to_owned()];
    let line = |theme, tags, on| costs.line_of(Subject { theme, unit: None, tags }, on);
    let (august, september) = (day(2026, 8, 31), day(2026, 9, 1));
    assert_eq!(line(Some("tributi/tari"), &tags, august), "tari");
    assert_eq!(line(Some("tributi/tari"), &tags, september), "tributi", "its time is over");
    assert_eq!(line(Some("tributi/tari"), &[], august), "tributi", "without the tag");
    assert_eq!(line(Some("tributi"), &tags, august), "tributi");
    assert_eq!(line(Some("anagrafe"), &tags, august), "generale");
    assert_eq!(line(None, &[], august), "generale");
}

#[test]
fn what_makes_no_sense_is_refused_with_its_place() {
    let cases = [
        ("channels = [\"phone\"]", "channels = []", "suppliers.0.channels"),
        ("channels = [\"phone\"]", "channels = [\"phone\", \"email\"]", "suppliers.0.allocations"),
        ("2026-01-01", "2026-08-01", "suppliers.0.allocations"),
        ("2026-01-01", "2026-01-02", "suppliers.0.allocations.0.valid_from"),
        ("version = \"1\"", "version = \" \"", "suppliers.0.allocations"),
        ("tributi/tari", "tributi/altro-che-non-c-e", "lines.0.theme.0"),
        ("theme = [\"tributi\"]", "unit = [\"nessuna\"]", "lines.1.unit.0"),
        ("theme = [\"tributi\"]", "", "lines.1"),
        ("default_line = \"generale\"", "default_line = \"altra\"", "lines.2"),
        ("default_line = \"generale\"", "default_line = \"tributi\"", "lines.1"),
        ("key = \"tari\"", "key = \"tributi\"", "lines.1.key"),
    ];
    for (found, instead, key) in cases {
        let error = of(&COSTS.replacen(found, instead, 1)).unwrap_err();
        assert_eq!(error.key, key, "{instead}: {error}");
    }
}

#[test]
fn a_city_may_reckon_no_costs() {
    let (themes, units) = parts();
    let none = read(&BTreeMap::new(), &themes, &units).unwrap();
    assert_eq!(none, Costs::default());
}
