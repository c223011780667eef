//! The pages: well-formed, complete, and honest about what is not known.

use roxmltree::{Document, Node, ParsingOptions};

use super::*;

pub(super) fn page<'r>(report: impl Into<Printable<'r>>, language: &str) -> String {
    String::from_utf8(HtmlReport::new(milan()).render(report.into(), &in_language(language)).unwrap())
        .unwrap()
}

pub(super) fn parsed(page: &str) -> Document<'_> {
    Document::parse_with_options(page, ParsingOptions { allow_dtd: true, ..ParsingOptions::default() })
        .unwrap()
}

pub(super) fn named<'a, 'd: 'a>(
    document: &'a Document<'d>,
    name: &'a str,
) -> impl Iterator<Item = Node<'a, 'd>> {
    document.descendants().filter(move |node| node.has_tag_name(name) || node.tag_name().name() == name)
}

pub(super) fn text(node: Node) -> String {
    node.descendants().filter(Node::is_text).filter_map(|node| node.text()).collect()
}

/// What the page prints for the month's figure at a pointer.
fn printed(page: &str, pointer: &str) -> String {
    let title = format!("filo explain {pointer} --period 2026-10");
    let document = parsed(page);
    let found = document.descendants().find(|node| node.attribute("title") == Some(title.as_str()));
    text(found.unwrap_or_else(|| panic!("{pointer} is not on the page")))
}

#[test]
fn the_page_is_well_formed_in_every_language_also_of_an_empty_month() {
    for report in [busy_report(), World::default().report("2026-01")] {
        for language in ["it", "en"] {
            let page = page(&report, language);
            let document = parsed(&page);
            assert_eq!(document.root_element().attribute("lang"), Some(language));
        }
    }
}

#[test]
fn the_page_can_be_used_without_sight_mouse_or_network() {
    let page = page(&busy_report(), "it");
    let document = parsed(&page);
    for landmark in ["header", "nav", "main", "footer"] {
        assert_eq!(
            named(&document, landmark).filter(|it| it.parent_element().is_some()).count(),
            1,
            "{landmark}"
        );
    }
    assert_eq!(named(&document, "h1").count(), 1);
    for table in named(&document, "table") {
        assert_eq!(table.first_element_child().unwrap().tag_name().name(), "caption");
        let heads: Vec<Node> = table.descendants().filter(|node| node.tag_name().name() == "th").collect();
        assert!(!heads.is_empty() && heads.iter().all(|head| head.attribute("scope").is_some()));
    }
    let mut ids: Vec<&str> = document.descendants().filter_map(|node| node.attribute("id")).collect();
    let all = ids.len();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), all, "an id stands twice");
    for link in named(&document, "a").filter_map(|link| link.attribute("href")) {
        assert!(link.strip_prefix('#').is_none_or(|id| ids.contains(&id)), "{link} leads nowhere");
    }
    assert_eq!(named(&document, "script").count() + named(&document, "link").count(), 0);
    assert!(!page.contains("url(") && !page.contains("@import"), "the page asks for nothing");
}

#[test]
fn the_page_says_what_the_report_is_and_marks_each_figure() {
    let mut report = busy_report();
    (report.state, report.revision) = (ReportState::Closed, Some(2));
    report.reason = Some("registro <delle> chiamate & altro".to_owned());
    report.pending_differences.count = 3;
    report.pending_differences.by_source.insert("pbx-020202".to_owned(), 3);
    let page = page(&report, "it");
    for said in [
        "Rapporto mensile – ottobre 2026",
        "Chiuso – revisione 2",
        "registro &lt;delle&gt; chiamate &amp; altro",
        "31 dicembre 2026, ore 10:00",
        "Linea 020202: 3",
        &report.inputs_sha256,
        "gennaio–ottobre 2026",
        "Variazione su settembre 2026",
        "Variazione su ottobre 2025",
        "Anagrafe e servizi civici",
        "<code>/phone/abandoned</code>",
        "filo explain /channels/0/excluded/0/count --period 2026-10",
    ] {
        assert!(page.contains(said), "the page lacks {said}");
    }
    assert_eq!(printed(&page, "/phone/offered"), report.blocks.phone.offered.to_string());
}

#[test]
fn zero_and_unknown_look_different() {
    let page = page(&World::default().report("2026-10"), "it");
    assert_eq!(printed(&page, "/phone/offered"), "0");
    assert_eq!(printed(&page, "/phone/mean_wait_s"), "n.d.");
    assert_eq!(printed(&page, "/response_rate/rate"), "n.d.");
    assert!(page.contains("class=\"unknown\" title=\"filo explain /response_rate/rate"));
}

#[test]
fn every_figure_of_the_month_is_on_the_page_and_opens_up() {
    let report = busy_report();
    let page = page(&report, "it");
    let document = parsed(&page);
    let titles: Vec<&str> = document.descendants().filter_map(|node| node.attribute("title")).collect();
    let figures = Figures::of(&report).unwrap();
    let shown = |leaf: &Leaf| leaf.is_figure() && [Part::Month, Part::YearToDate].contains(&leaf.part);
    for leaf in figures.leaves().into_iter().filter(shown) {
        let title = format!("filo explain {} --period 2026-10", leaf.pointer);
        assert!(titles.contains(&title.as_str()), "{} is not on the page", leaf.pointer);
    }
}

#[test]
fn a_theme_of_another_month_counts_0_in_this_one() {
    let mut world = World::default();
    world
        .opening(
            at("09-03"),
            "scrivi",
            filo_domain::vocabulary::Channel::Scrivi,
            filo_domain::vocabulary::InteractionKind::Submission,
        )
        .theme = Some("casa".to_owned());
    let figures = Figures::of(&world.report("2026-10")).unwrap();
    let keys = figures.keys("/themes", &[]);
    assert_eq!(keys, ["casa"]);
    let cell = |part, pattern| figures.cell(part, pattern, &keys).unwrap().value;
    assert_eq!(cell(Part::Month, "/themes/*/count"), Some(0.0));
    assert_eq!(cell(Part::Month, "/themes/*/share"), None, "0 of 0 is no share");
    assert_eq!(cell(Part::PreviousMonth, "/themes/*/count"), Some(1.0));
}
