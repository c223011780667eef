//! What the report has, section by section: which figures stand in which table, once for all printed forms.
//!
//! **Invariant:** a figure is named by its place in the report (`/channels/*/inbound`), and nothing here knows how it
//! is printed: CSV takes the lists and their fields, the other forms the tables that [`crate::document`] makes of
//! this. A new block of the report becomes visible everywhere by a line in [`SECTIONS`] (of a campaign in [`CAMPAIGN`])
//! and its words in the city's
//! texts (`report.section`, `report.table`, `report.note`, `report.figure`).

mod campaign;

pub(crate) use campaign::SECTIONS as CAMPAIGN;

/// A section: its key names its title (`report.section.<key>`).
pub(crate) struct SectionSpec {
    pub(crate) key: &'static str,
    pub(crate) items: &'static [Item],
}

/// One block of a section. `table` names the title (`report.table.<table>`).
pub(crate) enum Item {
    /// A paragraph, `report.note.<key>`.
    Note(&'static str),
    /// The figures that matter most, large.
    Cards(&'static [CardSpec]),
    /// One figure a row: the month, its changes, the year so far.
    Figures { table: &'static str, places: &'static [Place] },
    /// One figure a row: the month and the two that it is compared with, each with the change from it.
    Changes { table: &'static str, places: &'static [Place] },
    /// One row of a list a row: how many, which share of all, changes, the year so far.
    Counted { table: &'static str, list: &'static List, shares: bool, total: bool },
    /// One row of a list a row and one field a column: for the month, then for the year so far.
    Grid { table: &'static str, list: &'static List, columns: &'static [Field], total: Option<Total> },
    /// A table of this section, drawn; it stands after that table.
    Chart(ChartSpec),
    /// What a restatement changed, and why.
    Restated,
    /// What does not count as a request, by channel and reason.
    Exclusions,
    /// What the figures of these blocks mean.
    Definitions(&'static [&'static str]),
    /// Where the report comes from.
    About,
    /// Every figure with those of the compared months.
    EveryFigure,
}

/// A drawing of some columns of a table, one bar a row; its title is `report.chart.<key>`.
pub(crate) struct ChartSpec {
    pub(crate) key: &'static str,
    pub(crate) table: &'static str,
    /// The fields of the list that are drawn, as `inbound` or `resolution/mean_s`.
    pub(crate) fields: &'static [&'static str],
    pub(crate) shape: Shape,
}

/// How a chart is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    /// Lying bars: for names.
    Bars,
    /// Standing bars: for what has an order of its own.
    Columns,
    /// What happened step by step: standing bars, or lines when there are many steps.
    Series,
}

/// A figure, or with a `*` and no key the same of every row.
pub(crate) struct Place {
    pub(crate) pattern: &'static str,
    pub(crate) key: Option<&'static str>,
}

/// One of the month's main figures.
pub(crate) struct CardSpec {
    /// The text that says what it is; `None` takes the figure's own label.
    pub(crate) what: Option<&'static str>,
    pub(crate) place: Place,
    pub(crate) detail: Detail,
}

/// What stands under a main figure.
pub(crate) enum Detail {
    Text(&'static str),
    /// `69 of 100`, and how many of them are left over, with their text.
    Of {
        part: &'static str,
        whole: &'static str,
        rest: Option<(&'static str, &'static str)>,
    },
    /// Another figure after its text.
    Also(&'static str, &'static str),
    /// n, median and 90th percentile of the duration.
    Statistics(&'static str),
}

/// A list of the report.
pub(crate) struct List {
    pub(crate) path: &'static str,
    /// Its CSV file.
    pub(crate) file: &'static str,
    /// The field that tells its rows apart.
    pub(crate) key: &'static str,
    /// What stands above that field, `report.column.<heading>`.
    pub(crate) heading: &'static str,
    /// Parameters of its rows, which only the CSV prints.
    pub(crate) parameters: &'static [&'static str],
    /// Without rows it is not shown at all.
    pub(crate) optional: bool,
    /// A list in the order of its keys: from how many rows on it is folded away.
    pub(crate) folded_from: Option<usize>,
}

/// A column of a list.
#[derive(Clone, Copy)]
pub(crate) enum Field {
    Figure(&'static str),
    /// A duration's n, mean, median and 90th percentile.
    Duration(&'static str),
}

/// The row under a grid: its text (`report.column.<text>`) and the place of each column's total.
pub(crate) struct Total {
    pub(crate) text: &'static str,
    pub(crate) places: &'static [&'static str],
}

const fn at(pattern: &'static str) -> Place {
    Place { pattern, key: None }
}
const fn of(pattern: &'static str, key: &'static str) -> Place {
    Place { pattern, key: Some(key) }
}
const fn chart(
    key: &'static str,
    table: &'static str,
    fields: &'static [&'static str],
    shape: Shape,
) -> Item {
    Item::Chart(ChartSpec { key, table, fields, shape })
}
const fn list(
    path: &'static str,
    file: &'static str,
    key: &'static str,
    heading: &'static str,
    parameters: &'static [&'static str],
) -> List {
    List { path, file, key, heading, parameters, optional: false, folded_from: None }
}

const CHANNELS: List = list("/channels", "channels.csv", "channel", "channel", &[]);
const BUCKETS: List =
    list("/scrivi/resolution_buckets", "scrivi_buckets.csv", "label", "days", &["upper_days"]);
const MAILBOXES: List = list("/email/by_mailbox", "email_by_mailbox.csv", "mailbox", "mailbox", &[]);
const THEMES: List = list("/themes", "themes.csv", "theme", "theme", &[]);
const UNITS: List = list("/units", "units.csv", "unit", "unit", &[]);
const BANDS: List = list("/backlog/bands", "backlog.csv", "label", "days", &["upper_days"]);
const CHOICES: List = List { optional: true, ..list("/phone/ivr", "phone_ivr.csv", "choice", "choice", &[]) };
const FLAGS: List = list("/data_quality", "data_quality.csv", "flag", "flag", &[]);
const SOURCES: List =
    List { optional: true, ..list("/sources", "sources.csv", "source", "source", &["channel"]) };
const QUEUES: List = list("/phone/by_queue", "phone_by_queue.csv", "queue", "queue", &[]);
const CALL_THEMES: List = list("/phone/by_theme", "phone_by_theme.csv", "theme", "theme", &[]);
const HOURS: List = List {
    folded_from: Some(0),
    ..list("/phone/intervals", "phone_intervals.csv", "interval", "hour", &["weekday", "hour"])
};
const SUPPLIERS: List = list("/costs/suppliers", "costs_suppliers.csv", "supplier", "supplier", &["method"]);
const CHANNEL_COSTS: List = list("/costs/by_channel", "costs_by_channel.csv", "channel", "channel", &[]);
const THEME_COSTS: List = list("/costs/by_theme", "costs_by_theme.csv", "theme", "theme", &[]);
const LINE_COSTS: List = list("/costs/by_line", "costs_by_line.csv", "line", "line", &[]);

const CARDS: &[CardSpec] = &[
    CardSpec { what: None, place: at("/unification/inbound"), detail: Detail::Text("report.card.channels") },
    CardSpec {
        what: None,
        place: at("/unification/share"),
        detail: Detail::Of { part: "/unification/registered", whole: "/unification/inbound", rest: None },
    },
    CardSpec {
        what: None,
        place: at("/response_rate/rate"),
        detail: Detail::Of {
            part: "/response_rate/answered",
            whole: "/response_rate/actionable",
            rest: Some(("report.card.never_answered", "/response_rate/never_answered")),
        },
    },
    CardSpec {
        what: Some("report.card.phone"),
        place: of("/channels/*/response/mean_s", "phone"),
        detail: Detail::Statistics("/channels/*/response"),
    },
    CardSpec {
        what: None,
        place: at("/backlog/open_at_end"),
        detail: Detail::Also("report.card.mean_age", "/backlog/mean_age_s"),
    },
];

/// What one compares first.
const CHANGES: &[Place] = &[
    at("/unification/inbound"),
    at("/unification/share"),
    at("/response_rate/actionable"),
    at("/response_rate/rate"),
    at("/phone/offered"),
    at("/phone/abandoned"),
    at("/phone/mean_wait_answered_s"),
    at("/scrivi/opened"),
    at("/scrivi/resolved_share"),
    at("/email/messages"),
    at("/social/actionable_threads"),
    at("/backlog/open_at_end"),
    at("/backlog/mean_age_s"),
    at("/callbacks/kept_share"),
    at("/ratings/mean"),
];

const VOLUMES: &[Field] = &[
    Field::Figure("inbound"),
    Field::Figure("registered"),
    Field::Figure("registered_share"),
    Field::Figure("actionable"),
    Field::Figure("answered"),
    Field::Figure("response_rate"),
];

const ALL_CHANNELS: Total = Total {
    text: "all_channels",
    places: &[
        "/unification/inbound",
        "/unification/registered",
        "/unification/share",
        "/response_rate/actionable",
        "/response_rate/answered",
        "/response_rate/rate",
    ],
};

const CALLS: &[Field] = &[
    Field::Figure("offered"),
    Field::Figure("answered"),
    Field::Figure("abandoned"),
    Field::Figure("waits"),
    Field::Figure("mean_wait_s"),
];

const ALL_CALLS: Total = Total {
    text: "total",
    places: &["/phone/offered", "/phone/answered", "/phone/abandoned", "/phone/waits", "/phone/mean_wait_s"],
};

const COST: &[Field] = &[
    Field::Figure("cost_cents"),
    Field::Figure("handled"),
    Field::Figure("handled_s"),
    Field::Figure("cost_per_contact_cents"),
];

const ALL_COSTS: Total = Total {
    text: "total",
    places: &["/costs/total_cents", "/costs/handled", "/costs/handled_s", "/costs/cost_per_contact_cents"],
};

const MAIL: &[Field] = &[
    Field::Figure("received"),
    Field::Figure("messages"),
    Field::Figure("auto"),
    Field::Figure("pec"),
    Field::Figure("bounces"),
    Field::Figure("receipts"),
    Field::Figure("anomalies"),
];

const ALL_MAIL: Total = Total {
    text: "total",
    places: &[
        "/email/received",
        "/email/messages",
        "/email/auto",
        "/email/pec",
        "/email/bounces",
        "/email/receipts",
        "/email/anomalies",
    ],
};

/// Who has the work.
const LEVELS: &[Place] = &[
    at("/levels/I/resolved"),
    at("/levels/I/open"),
    at("/levels/I/cancelled"),
    at("/levels/II/assigned"),
    at("/levels/II/resolved"),
    at("/levels/II/active"),
    at("/levels/II/active_share"),
    at("/levels/II/cancelled"),
];

const WORK: &[Field] = &[
    Field::Figure("tickets"),
    Field::Figure("share"),
    Field::Figure("resolved"),
    Field::Figure("active"),
    Field::Figure("active_share"),
    Field::Figure("cancelled"),
    Field::Duration("resolution"),
];

/// How old the work is.
const AGES: &[Place] = &[
    at("/backlog/open_at_end"),
    at("/backlog/mean_age_s"),
    at("/backlog/median_age_s"),
    at("/backlog/p90_age_s"),
];

/// The sections, in the order of all printed forms.
pub(crate) const SECTIONS: &[SectionSpec] = &[
    SectionSpec { key: "summary", items: &[Item::Cards(CARDS)] },
    SectionSpec {
        key: "unification",
        items: &[
            Item::Note("channels"),
            Item::Figures {
                table: "overall",
                places: &[
                    at("/unification/inbound"),
                    at("/unification/registered"),
                    at("/unification/share"),
                    at("/unification/unified_channels"),
                    at("/unification/matters"),
                    at("/unification/matters_on_two_or_more_channels"),
                ],
            },
            Item::Grid { table: "volumes", list: &CHANNELS, columns: VOLUMES, total: Some(ALL_CHANNELS) },
            chart("volumes", "volumes", &["inbound", "registered"], Shape::Bars),
            Item::Definitions(&["/unification"]),
        ],
    },
    SectionSpec {
        key: "response",
        items: &[
            Item::Figures {
                table: "answers",
                places: &[
                    at("/response_rate/actionable"),
                    at("/response_rate/answered"),
                    at("/response_rate/rate"),
                    at("/response_rate/never_answered"),
                ],
            },
            Item::Note("times"),
            Item::Grid {
                table: "times",
                list: &CHANNELS,
                columns: &[Field::Duration("response"), Field::Duration("resolution")],
                total: None,
            },
            chart("response", "times", &["response/mean_s", "response/median_s"], Shape::Bars),
            chart("resolution", "times", &["resolution/mean_s", "resolution/median_s"], Shape::Bars),
            Item::Grid {
                table: "times_net",
                list: &CHANNELS,
                columns: &[Field::Duration("resolution_final"), Field::Duration("resolution_net")],
                total: None,
            },
            Item::Note("targets"),
            Item::Definitions(&["/channels", "/response_rate"]),
        ],
    },
    SectionSpec {
        key: "phone",
        items: &[
            Item::Figures {
                table: "calls",
                places: &[
                    at("/phone/offered"),
                    at("/phone/answered"),
                    at("/phone/abandoned"),
                    at("/phone/abandoned_short"),
                    at("/phone/timed_out"),
                    at("/phone/empty"),
                    at("/phone/key_exit"),
                    at("/phone/withdrawn"),
                    at("/phone/transferred"),
                    at("/phone/unknown"),
                    at("/phone/self_served"),
                    at("/phone/registered_of_answered"),
                    at("/phone/registered_of_answered_share"),
                ],
            },
            Item::Figures {
                table: "waits",
                places: &[
                    at("/phone/waits"),
                    at("/phone/mean_wait_s"),
                    at("/phone/mean_wait_answered_s"),
                    of("/channels/*/response/n", "phone"),
                    of("/channels/*/response/median_s", "phone"),
                    of("/channels/*/response/p90_s", "phone"),
                    at("/phone/mean_talk_s"),
                    at("/phone/service_level/*/share"),
                ],
            },
            Item::Grid {
                table: "ivr",
                list: &CHOICES,
                columns: &[Field::Figure("calls"), Field::Figure("offered"), Field::Figure("self_served")],
                total: None,
            },
            Item::Note("call_tables"),
            Item::Grid { table: "call_queues", list: &QUEUES, columns: CALLS, total: Some(ALL_CALLS) },
            Item::Grid { table: "call_themes", list: &CALL_THEMES, columns: CALLS, total: Some(ALL_CALLS) },
            Item::Grid { table: "call_hours", list: &HOURS, columns: CALLS, total: Some(ALL_CALLS) },
            Item::Definitions(&["/phone"]),
        ],
    },
    SectionSpec {
        key: "scrivi",
        items: &[
            Item::Figures {
                table: "scrivi",
                places: &[
                    at("/scrivi/opened"),
                    at("/scrivi/resolved"),
                    at("/scrivi/resolved_share"),
                    at("/scrivi/share_of_all_tickets"),
                    at("/scrivi/unclassified"),
                ],
            },
            Item::Counted { table: "buckets", list: &BUCKETS, shares: true, total: true },
            chart("buckets", "buckets", &["count"], Shape::Columns),
            Item::Note("buckets"),
            Item::Definitions(&["/scrivi"]),
        ],
    },
    SectionSpec {
        key: "email",
        items: &[
            Item::Figures {
                table: "email",
                places: &[
                    at("/email/received"),
                    at("/email/messages"),
                    at("/email/auto"),
                    at("/email/pec"),
                    at("/email/bounces"),
                    at("/email/receipts"),
                    at("/email/anomalies"),
                ],
            },
            Item::Grid { table: "mailboxes", list: &MAILBOXES, columns: MAIL, total: Some(ALL_MAIL) },
            Item::Definitions(&["/email"]),
        ],
    },
    SectionSpec {
        key: "social",
        items: &[
            Item::Figures {
                table: "social",
                places: &[
                    at("/social/inbound_interactions"),
                    at("/social/comments"),
                    at("/social/messages"),
                    at("/social/threads"),
                    at("/social/actionable_threads"),
                    at("/social/handled_threads"),
                    at("/social/never_taken"),
                    at("/social/charge_to_closed/n"),
                    at("/social/charge_to_closed/mean_s"),
                    at("/social/charge_to_closed/median_s"),
                    at("/social/charge_to_closed/p90_s"),
                    at("/social/received_to_closed/n"),
                    at("/social/received_to_closed/mean_s"),
                    at("/social/received_to_closed/median_s"),
                    at("/social/received_to_closed/p90_s"),
                ],
            },
            Item::Note("social"),
            Item::Definitions(&["/social"]),
        ],
    },
    SectionSpec {
        key: "themes",
        items: &[
            Item::Note("themes"),
            Item::Counted { table: "themes", list: &THEMES, shares: true, total: true },
            chart("themes", "themes", &["count"], Shape::Bars),
            Item::Definitions(&["/themes"]),
        ],
    },
    SectionSpec {
        key: "units",
        items: &[
            Item::Note("work"),
            Item::Figures { table: "levels", places: LEVELS },
            Item::Grid { table: "units", list: &UNITS, columns: WORK, total: None },
            Item::Definitions(&["/levels", "/units"]),
        ],
    },
    SectionSpec {
        key: "backlog",
        items: &[
            Item::Figures { table: "backlog", places: AGES },
            Item::Counted { table: "bands", list: &BANDS, shares: true, total: true },
            chart("bands", "bands", &["count"], Shape::Columns),
            Item::Definitions(&["/backlog"]),
        ],
    },
    SectionSpec {
        key: "callbacks",
        items: &[
            Item::Figures {
                table: "callbacks",
                places: &[
                    at("/callbacks/promised"),
                    at("/callbacks/kept"),
                    at("/callbacks/missed"),
                    at("/callbacks/kept_share"),
                    at("/callbacks/pending"),
                    at("/callbacks/cancelled"),
                    at("/callbacks/attempts"),
                    at("/callbacks/reached_late"),
                ],
            },
            Item::Definitions(&["/callbacks"]),
        ],
    },
    SectionSpec {
        key: "ratings",
        items: &[
            Item::Figures {
                table: "ratings",
                places: &[
                    at("/ratings/count"),
                    at("/ratings/share"),
                    at("/ratings/mean"),
                    at("/ratings/distribution/*/count"),
                ],
            },
            Item::Definitions(&["/ratings"]),
        ],
    },
    SectionSpec {
        key: "costs",
        items: &[
            Item::Note("costs"),
            Item::Figures {
                table: "costs",
                places: &[
                    at("/costs/total_cents"),
                    at("/costs/handled"),
                    at("/costs/handled_s"),
                    at("/costs/cost_per_contact_cents"),
                ],
            },
            Item::Grid { table: "cost_suppliers", list: &SUPPLIERS, columns: COST, total: None },
            Item::Grid {
                table: "cost_channels",
                list: &CHANNEL_COSTS,
                columns: COST,
                total: Some(ALL_COSTS),
            },
            Item::Grid { table: "cost_themes", list: &THEME_COSTS, columns: COST, total: Some(ALL_COSTS) },
            Item::Grid { table: "cost_lines", list: &LINE_COSTS, columns: COST, total: Some(ALL_COSTS) },
            Item::Definitions(&["/costs"]),
        ],
    },
    SectionSpec {
        key: "repeat",
        items: &[
            Item::Note("repeat"),
            Item::Figures {
                table: "repeat",
                places: &[
                    at("/phone/repeat_callers/identified"),
                    at("/phone/repeat_callers/more_than_2"),
                    at("/phone/repeat_callers/more_than_2_share"),
                    at("/phone/repeat_callers/more_than_2_same_theme"),
                    at("/phone/repeat_callers/more_than_2_same_theme_share"),
                    at("/phone/repeat_callers/anonymous_calls"),
                    at("/phone/repeat_callers/coverage"),
                    at("/phone/abandoned_then_wrote/count"),
                    at("/phone/abandoned_then_wrote/coverage"),
                ],
            },
            Item::Note("came_back"),
            Item::Figures {
                table: "came_back",
                places: &[
                    at("/phone/abandoned_came_back/abandoned"),
                    at("/phone/abandoned_came_back/withheld"),
                    at("/phone/abandoned_came_back/identified"),
                    at("/phone/abandoned_came_back/coverage"),
                    at("/phone/abandoned_came_back/called_again"),
                    at("/phone/abandoned_came_back/called_again_share"),
                    at("/phone/abandoned_came_back/answered"),
                    at("/phone/abandoned_came_back/answered_share"),
                    at("/phone/abandoned_came_back/wrote"),
                    at("/phone/abandoned_came_back/wrote_share"),
                    at("/phone/abandoned_came_back/never"),
                    at("/phone/abandoned_came_back/never_share"),
                    at("/phone/abandoned_came_back/window_open"),
                ],
            },
        ],
    },
    SectionSpec {
        key: "changes",
        items: &[Item::Restated, Item::Note("changes"), Item::Changes { table: "changes", places: CHANGES }],
    },
    SectionSpec {
        key: "quality",
        items: &[
            Item::Note("excluded"),
            Item::Exclusions,
            Item::Note("quality"),
            Item::Counted { table: "quality", list: &FLAGS, shares: false, total: false },
            Item::Grid {
                table: "sources",
                list: &SOURCES,
                columns: &[Field::Figure("contacts"), Field::Figure("days_heard"), Field::Figure("late")],
                total: None,
            },
            Item::Definitions(&["/data_quality", "/sources"]),
        ],
    },
    SectionSpec { key: "about", items: &[Item::About, Item::Note("about"), Item::EveryFigure] },
];

/// The lists of a report that have a table of their own, with all their columns.
pub(crate) fn lists(sections: &'static [SectionSpec]) -> Vec<(&'static List, Vec<Field>)> {
    let mut lists: Vec<(&List, Vec<Field>)> = Vec::new();
    for item in sections.iter().flat_map(|section| section.items) {
        let (list, columns) = match item {
            Item::Counted { list, shares: true, .. } => {
                (*list, vec![Field::Figure("count"), Field::Figure("share")])
            }
            Item::Counted { list, shares: false, .. } => (*list, vec![Field::Figure("count")]),
            Item::Grid { list, columns, .. } => (*list, columns.to_vec()),
            Item::Note(_)
            | Item::Cards(_)
            | Item::Figures { .. }
            | Item::Changes { .. }
            | Item::Restated
            | Item::Chart(_)
            | Item::Exclusions
            | Item::Definitions(_)
            | Item::About
            | Item::EveryFigure => continue,
        };
        match lists.iter_mut().find(|(known, _)| known.path == list.path) {
            Some((_, known)) => known.extend(columns),
            None => lists.push((list, columns)),
        }
    }
    lists
}
