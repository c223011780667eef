//! What a campaign's report has, section by section.

use super::{BANDS, CardSpec, Detail, Field, Item, List, SectionSpec, Shape, UNITS, at, chart, list};

/// A series of more steps than this is drawn, and printed where one looks things up.
const STEPS: usize = 40;

const SERIES: List =
    List { folded_from: Some(STEPS), ..list("/series", "series.csv", "from", "day", &["to"]) };
const KINDS: List = list("/kinds", "kinds.csv", "key", "kind", &[]);
const THEMES: List = list("/themes", "themes.csv", "key", "theme", &[]);
const TAGS: List = List { optional: true, ..list("/tags", "tags.csv", "key", "tag", &[]) };
const CHANNELS: List = list("/channels", "channels.csv", "channel", "channel", &[]);

const CARDS: &[CardSpec] = &[
    CardSpec {
        what: None,
        place: at("/tickets/opened"),
        detail: Detail::Also("report.card.share_of_all", "/tickets/share_of_all_tickets"),
    },
    CardSpec {
        what: None,
        place: at("/tickets/resolved_share"),
        detail: Detail::Of {
            part: "/tickets/resolved",
            whole: "/tickets/opened",
            rest: Some(("report.card.still_active", "/tickets/active")),
        },
    },
    CardSpec {
        what: None,
        place: at("/callers/distinct"),
        detail: Detail::Also("report.card.unknown_callers", "/callers/unknown"),
    },
    CardSpec {
        what: Some("report.card.resolution"),
        place: at("/resolution/mean_s"),
        detail: Detail::Statistics("/resolution"),
    },
    CardSpec {
        what: None,
        place: at("/backlog/open_at_end"),
        detail: Detail::Also("report.card.mean_age", "/backlog/mean_age_s"),
    },
];

/// The sections, in the order of all printed forms.
pub(crate) const SECTIONS: &[SectionSpec] = &[
    SectionSpec { key: "campaign", items: &[Item::Cards(CARDS)] },
    SectionSpec {
        key: "course",
        items: &[
            Item::Grid {
                table: "series",
                list: &SERIES,
                columns: &[Field::Figure("opened"), Field::Figure("contacts"), Field::Figure("resolved")],
                total: None,
            },
            chart("series", "series", &["opened", "resolved"], Shape::Series),
            Item::Definitions(&["/series"]),
        ],
    },
    SectionSpec {
        key: "requests",
        items: &[
            Item::Note("campaign"),
            Item::Figures {
                table: "campaign_tickets",
                places: &[
                    at("/tickets/opened"),
                    at("/tickets/share_of_all_tickets"),
                    at("/tickets/resolved"),
                    at("/tickets/resolved_share"),
                    at("/tickets/active"),
                    at("/tickets/active_share"),
                    at("/tickets/cancelled"),
                ],
            },
            Item::Counted { table: "kinds", list: &KINDS, shares: true, total: true },
            chart("kinds", "kinds", &["count"], Shape::Bars),
            Item::Counted { table: "themes", list: &THEMES, shares: true, total: true },
            Item::Counted { table: "tags", list: &TAGS, shares: true, total: false },
            Item::Definitions(&["/tickets", "/kinds", "/themes", "/tags"]),
        ],
    },
    SectionSpec {
        key: "callers",
        items: &[
            Item::Note("callers"),
            Item::Figures {
                table: "callers",
                places: &[at("/callers/contacts"), at("/callers/distinct"), at("/callers/unknown")],
            },
            Item::Grid {
                table: "campaign_channels",
                list: &CHANNELS,
                columns: &[Field::Figure("tickets"), Field::Figure("contacts")],
                total: None,
            },
            chart("campaign_channels", "campaign_channels", &["tickets", "contacts"], Shape::Bars),
            Item::Definitions(&["/callers", "/channels"]),
        ],
    },
    SectionSpec {
        key: "times",
        items: &[
            Item::Figures {
                table: "campaign_times",
                places: &[
                    at("/response/n"),
                    at("/response/mean_s"),
                    at("/response/median_s"),
                    at("/response/p90_s"),
                    at("/resolution/n"),
                    at("/resolution/mean_s"),
                    at("/resolution/median_s"),
                    at("/resolution/p90_s"),
                ],
            },
            Item::Definitions(&["/response", "/resolution"]),
        ],
    },
    SectionSpec {
        key: "units",
        items: &[
            Item::Note("work"),
            Item::Figures { table: "levels", places: super::LEVELS },
            Item::Grid { table: "units", list: &UNITS, columns: super::WORK, total: None },
            Item::Definitions(&["/levels", "/units"]),
        ],
    },
    SectionSpec {
        key: "backlog",
        items: &[
            Item::Figures { table: "backlog", places: super::AGES },
            Item::Counted { table: "bands", list: &BANDS, shares: true, total: true },
            chart("bands", "bands", &["count"], Shape::Columns),
            Item::Definitions(&["/backlog"]),
        ],
    },
    SectionSpec { key: "about", items: &[Item::About, Item::Note("campaign_about"), Item::EveryFigure] },
];
