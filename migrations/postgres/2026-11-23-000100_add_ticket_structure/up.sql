-- How tickets hang together: merges, split contacts, links, watchers, and what likens one text to another.

-- Where a merged ticket points; a row lives as long as the merge.
CREATE TABLE merged_tickets (
    "ticket_id" uuid NOT NULL REFERENCES tickets (id),
    "into_id" uuid NOT NULL REFERENCES tickets (id),
    "merged_at" timestamptz NOT NULL,
    PRIMARY KEY ("ticket_id")
);
CREATE INDEX merged_tickets_by_into_id ON merged_tickets ("into_id");

-- Contacts that were split off a ticket: to which one they belonged until then, and since when.
CREATE TABLE contact_moves (
    "id" uuid NOT NULL,
    "interaction_id" uuid NOT NULL REFERENCES interactions (id),
    "from_id" uuid NOT NULL REFERENCES tickets (id),
    "linked_at" timestamptz,
    "moved_at" timestamptz NOT NULL,
    PRIMARY KEY ("id")
);
CREATE INDEX contact_moves_by_moved_at ON contact_moves ("moved_at");
CREATE INDEX contact_moves_by_interaction_id ON contact_moves ("interaction_id");
CREATE INDEX contact_moves_by_from_id ON contact_moves ("from_id");

CREATE TABLE ticket_links (
    "id" uuid NOT NULL,
    "relation" text NOT NULL,
    "from_id" uuid NOT NULL REFERENCES tickets (id),
    "to_id" uuid NOT NULL REFERENCES tickets (id),
    "created_at" timestamptz NOT NULL,
    PRIMARY KEY ("id"),
    UNIQUE ("from_id", "to_id", "relation")
);
CREATE INDEX ticket_links_by_to_id ON ticket_links ("to_id");

CREATE TABLE ticket_watchers (
    "ticket_id" uuid NOT NULL REFERENCES tickets (id),
    "user_id" uuid NOT NULL REFERENCES users (id),
    "since" timestamptz NOT NULL,
    PRIMARY KEY ("ticket_id", "user_id")
);
CREATE INDEX ticket_watchers_by_user_id_ticket_id ON ticket_watchers ("user_id", "ticket_id");

CREATE TABLE ticket_signatures (
    "ticket_id" uuid NOT NULL REFERENCES tickets (id),
    "bits" bigint NOT NULL,
    "opened_at" timestamptz NOT NULL,
    PRIMARY KEY ("ticket_id")
);

-- The same signatures by band: texts that are nearly the same share one.
CREATE TABLE signature_bands (
    "band" integer NOT NULL,
    "opened_at" timestamptz NOT NULL,
    "ticket_id" uuid NOT NULL,
    "bits" bigint NOT NULL,
    PRIMARY KEY ("band", "opened_at", "ticket_id")
);
