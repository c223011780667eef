//! A campaign's report in every form.

use calamine::Data;
use filo_domain::vocabulary::Kind;
use filo_indicators::campaign::{Campaign, CampaignReport, Step, Subject, campaign_report};

use super::{
    pages::{named, page, parsed, text},
    workbook::{bytes as workbook, member, members, opened},
    world::{at, busy},
    *,
};

/// Every third ticket of September and October, half of them assistance.
fn campaign(step: Step) -> CampaignReport {
    let mut world = busy();
    for (nth, ticket) in world.facts.tickets.iter_mut().enumerate().filter(|(nth, _)| nth % 3 == 0) {
        ticket.tags = vec!["milano-aiuta".to_owned(), ["pacchi", "spesa"][nth % 2].to_owned()];
        ticket.kind = if nth % 2 == 0 { Kind::Assistance } else { Kind::Information };
    }
    let campaign = Campaign {
        label: "Milano Aiuta".to_owned(),
        subject: Subject::Tag("milano-aiuta".to_owned()),
        from: "2026-09-01".parse().unwrap(),
        to: "2026-11-01".parse().unwrap(),
        step,
    };
    campaign_report(&world.facts, &definitions(), &campaign, &rome(), at("12-31"))
}

fn empty() -> CampaignReport {
    let campaign = Campaign { from: "2024-01-01".parse().unwrap(), ..campaign(Step::Week).campaign };
    let campaign = Campaign { to: "2024-02-01".parse().unwrap(), ..campaign };
    campaign_report(&World::default().facts, &definitions(), &campaign, &rome(), at("12-31"))
}

#[test]
fn every_figure_of_the_report_is_a_row_of_the_figures_and_leads_to_its_meaning() {
    let report = campaign(Step::Week);
    let sheets = sheets(&report);
    let figures = &sheets["figures.csv"];
    let printed = |pointer: &str| figures.iter().find(|row| row[0] == pointer).unwrap()[1..4].to_vec();
    assert_eq!(
        printed("/callers/distinct"),
        ["campaign", &report.figures.callers.distinct.to_string(), "count"]
    );
    let meant: Vec<&String> = sheets["definitions.csv"].iter().map(|row| &row[0]).collect();
    for row in &figures[1..] {
        assert!(meant.contains(&&row[5]) || row[0].ends_with("upper_days"), "{} has no meaning", row[0]);
    }
    for (file, rows) in [("series.csv", 9), ("kinds.csv", 2), ("tags.csv", 3), ("units.csv", 2)] {
        assert_eq!(sheets[file].len(), rows + 1, "{file}: {:?}", sheets[file]);
    }
    assert_eq!(sheets["series.csv"][1][..3], ["campaign", "2026-09-01", "2026-09-08"]);
    let label = sheets["report.csv"].iter().find(|row| row[0] == "tag").unwrap();
    assert_eq!(label[1], "milano-aiuta");
}

#[test]
fn the_page_has_every_figure_and_says_how_each_opens() {
    for (language, title) in [("it", "Campagna – Milano Aiuta"), ("en", "Campaign – Milano Aiuta")] {
        for report in [campaign(Step::Day), campaign(Step::Week), empty()] {
            let page = page(&report, language);
            let document = parsed(&page);
            assert_eq!(document.root_element().attribute("lang"), Some(language));
            assert!(page.contains(title));
            let row = |tag: &str| named(&document, tag).map(text).collect::<String>();
            for leaf in Figures::of(&report).unwrap().leaves().iter().filter(|leaf| leaf.is_figure()) {
                let keys = leaf.keys.iter().map(|key| format!(" {key}")).collect::<String>();
                assert!(row("code").contains(&format!("{}{keys}", leaf.pattern)), "{}", leaf.pointer);
            }
            assert!(page.contains("GET /reports/campaigns/{id}/contacts?pointer=/levels/II/active"));
        }
    }
}

#[test]
fn a_long_series_is_drawn_as_lines_with_its_sums_and_peaks_in_words() {
    let report = campaign(Step::Day);
    let page = page(&report, "it");
    assert_eq!(page.matches("<polyline").count(), 2);
    let opened = report.figures.tickets.opened;
    assert!(page.contains(&format!("Aperti: in tutto {opened}, al massimo ")), "{opened}");
    assert!(page.contains("1 settembre 2026"));
}

#[test]
fn the_workbook_has_a_sheet_a_section_with_native_charts() {
    let report = campaign(Step::Week);
    let bytes = workbook(&report, "it");
    let charts = members(&bytes).iter().filter(|name| name.starts_with("xl/charts/chart")).count();
    assert!(charts >= 4, "{charts}");
    assert!(member(&bytes, "docProps/core.xml").contains("Campagna – Milano Aiuta"));
    let (names, sheets) = opened(bytes);
    assert_eq!(names.len(), crate::outline::CAMPAIGN.len() + 1, "{names:?}");
    let row = sheets["Andamento"].iter().find(|row| row[0] == "8 settembre 2026").unwrap();
    assert_eq!(row[1], Data::Float(report.figures.series[1].opened as f64));
    opened(workbook(&empty(), "en"));
}

#[cfg(feature = "pdf")]
#[test]
fn the_pdf_keeps_to_its_standards_and_describes_its_drawings() {
    use super::pdf::{attached, bytes, elements, opened, says_its_standards};
    let report = campaign(Step::Day);
    for (language, title) in [("it", "Campagna – Milano Aiuta"), ("en", "Campaign – Milano Aiuta")] {
        let document = opened(&bytes(&report, language));
        says_its_standards(&document, title);
        let drawings = elements(&document, "Figure");
        assert!(drawings.len() >= 4 && drawings.iter().all(|it| it.has(b"Alt")));
        assert_eq!(attached(&document), JsonReport.render((&report).into(), &Wanted::default()).unwrap());
    }
    opened(&bytes(&empty(), "it"));
}
