//! The one schema behind both databases; a test holds both migrations against it.

diesel::table! {
    use diesel::sql_types::*;
    use crate::sql_types::{Id, Instant};

    raw_inputs (id) {
        id -> Id,
        source -> Text,
        received_at -> Instant,
        sha256 -> Text,
        bytes -> Binary,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::sql_types::{Id, Instant};

    intake_keys (scope, key) {
        scope -> Text,
        key -> Text,
        interaction_id -> Nullable<Id>,
        quarantine_id -> Nullable<Id>,
        occurred_at -> Instant,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::sql_types::{Id, Instant};

    quarantine (id) {
        id -> Id,
        scope -> Text,
        key -> Text,
        source -> Text,
        format -> Text,
        reason -> Text,
        detail -> Text,
        raw -> Binary,
        context -> Jsonb,
        state -> Text,
        created_at -> Instant,
        decided_at -> Nullable<Instant>,
        note -> Nullable<Text>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::sql_types::{Id, Instant};

    persons (id) {
        id -> Id,
        name -> Nullable<Text>,
        merged_into -> Nullable<Id>,
        created_at -> Instant,
        anonymised_at -> Nullable<Instant>,
        version -> Integer,
        name_key -> Nullable<Text>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::sql_types::{Id, Instant};

    identities (id) {
        id -> Id,
        person_id -> Id,
        identity_type -> Text,
        value -> Text,
        verified -> Bool,
        created_at -> Instant,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::sql_types::{Id, Instant};

    person_merges (id) {
        id -> Id,
        from_id -> Id,
        into_id -> Id,
        at -> Instant,
        actor -> Jsonb,
        undone_at -> Nullable<Instant>,
        reason -> Text,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::sql_types::{Id, Instant};

    person_suggestions (id) {
        id -> Id,
        person_id -> Id,
        other_id -> Id,
        reason -> Text,
        created_at -> Instant,
        state -> Text,
        decided_at -> Nullable<Instant>,
        merge_id -> Nullable<Id>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::sql_types::{Id, Instant};

    matters (id) {
        id -> Id,
        title -> Text,
        person_id -> Nullable<Id>,
        created_at -> Instant,
        version -> Integer,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::sql_types::{Id, Instant};

    tickets (id) {
        id -> Id,
        number -> Text,
        channel -> Text,
        source -> Text,
        theme -> Nullable<Text>,
        kind -> Text,
        priority -> Text,
        level -> Text,
        unit -> Nullable<Text>,
        user_id -> Nullable<Id>,
        state -> Text,
        outcome -> Nullable<Text>,
        subject -> Nullable<Text>,
        subject_salt -> Nullable<Binary>,
        person_id -> Nullable<Id>,
        opened_at -> Instant,
        charged_at -> Nullable<Instant>,
        first_response_at -> Nullable<Instant>,
        first_resolved_at -> Nullable<Instant>,
        final_resolved_at -> Nullable<Instant>,
        closed_at -> Nullable<Instant>,
        reopened -> Integer,
        escalated_at -> Nullable<Instant>,
        matter_id -> Nullable<Id>,
        tags -> Jsonb,
        policy -> Nullable<Text>,
        due_at -> Nullable<Instant>,
        updated_at -> Instant,
        seq -> Integer,
        location -> Nullable<Jsonb>,
        municipio -> Nullable<Integer>,
        follows_id -> Nullable<Id>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::sql_types::{Id, Instant};

    ticket_tags (ticket_id, tag) {
        ticket_id -> Id,
        tag -> Text,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::sql_types::{Id, Instant};

    events (ticket_id, seq) {
        ticket_id -> Id,
        seq -> Integer,
        kind -> Text,
        at -> Instant,
        recorded_at -> Instant,
        actor -> Jsonb,
        data -> Jsonb,
        prev_hash -> Text,
        hash -> Text,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::sql_types::{Id, Instant};

    interactions (id) {
        id -> Id,
        source -> Text,
        channel -> Text,
        kind -> Text,
        direction -> Text,
        external_id -> Text,
        occurred_at -> Instant,
        recorded_at -> Instant,
        local_day -> Text,
        person_id -> Nullable<Id>,
        ticket_id -> Nullable<Id>,
        linked_at -> Nullable<Instant>,
        thread -> Nullable<Text>,
        not_actionable -> Nullable<Text>,
        name -> Nullable<Text>,
        subject -> Nullable<Text>,
        body -> Text,
        raw_id -> Nullable<Id>,
        detail -> Jsonb,
        flags -> Jsonb,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::sql_types::{Id, Instant};

    calls (interaction_id) {
        interaction_id -> Id,
        source -> Text,
        call_id -> Text,
        entered_at -> Instant,
        caller -> Nullable<Text>,
        outcome -> Text,
        wait_s -> Nullable<BigInt>,
        talk_s -> Nullable<BigInt>,
        answered_at -> Nullable<Instant>,
        ended_at -> Nullable<Instant>,
        transferred_to -> Nullable<Text>,
        ivr_choice -> Nullable<Text>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::sql_types::{Id, Instant};

    legs (id) {
        id -> Id,
        interaction_id -> Id,
        source -> Text,
        call_id -> Text,
        queue -> Text,
        entered_at -> Instant,
        origin -> Text,
        caller -> Nullable<Text>,
        answered_at -> Nullable<Instant>,
        ended_at -> Nullable<Instant>,
        wait_s -> Nullable<BigInt>,
        talk_s -> Nullable<BigInt>,
        outcome -> Text,
        transferred_to -> Nullable<Text>,
        agent -> Nullable<Text>,
        lost_at -> Nullable<Instant>,
        flags -> Jsonb,
        ivr_choice -> Nullable<Text>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::sql_types::{Id, Instant};

    messages (id) {
        id -> Id,
        ticket_id -> Id,
        kind -> Text,
        body -> Nullable<Text>,
        salt -> Nullable<Binary>,
        author_id -> Nullable<Id>,
        at -> Instant,
        channel -> Nullable<Text>,
        recipients -> Jsonb,
        external_id -> Nullable<Text>,
        delivery -> Nullable<Text>,
        delivery_detail -> Jsonb,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::sql_types::{Id, Instant};

    attachments (id) {
        id -> Id,
        interaction_id -> Nullable<Id>,
        name -> Text,
        media_type -> Text,
        size_bytes -> BigInt,
        sha256 -> Text,
        inline -> Bool,
        bytes -> Nullable<Binary>,
        ticket_id -> Nullable<Id>,
        declared_type -> Text,
        original_sha256 -> Nullable<Text>,
        flags -> Jsonb,
        scan -> Text,
        scanned_at -> Nullable<Instant>,
        scan_detail -> Nullable<Text>,
        uploaded_by -> Nullable<Id>,
        created_at -> Instant,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::sql_types::{Id, Instant};

    message_attachments (message_id, attachment_id) {
        message_id -> Id,
        attachment_id -> Id,
        position -> Integer,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::sql_types::{Id, Instant};

    request_codes (ticket_id) {
        ticket_id -> Id,
        code_hash -> Text,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::sql_types::{Id, Instant};

    jobs (id) {
        id -> Id,
        kind -> Text,
        payload -> Jsonb,
        state -> Text,
        run_at -> Instant,
        attempts -> Integer,
        locked_until -> Nullable<Instant>,
        last_error -> Nullable<Text>,
        created_at -> Instant,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::sql_types::{Id, Instant};

    feed (id) {
        id -> BigInt,
        seq -> Nullable<BigInt>,
        at -> Instant,
        kind -> Text,
        ticket_id -> Nullable<Id>,
        unit -> Nullable<Text>,
        unit_before -> Nullable<Text>,
        user_id -> Nullable<Id>,
        data -> Jsonb,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::sql_types::{Id, Instant};

    webhook_subscriptions (id) {
        id -> Id,
        url -> Text,
        events -> Jsonb,
        unit -> Nullable<Text>,
        description -> Nullable<Text>,
        state -> Text,
        reason -> Nullable<Text>,
        secrets -> Jsonb,
        place -> BigInt,
        failing_since -> Nullable<Instant>,
        created_at -> Instant,
        updated_at -> Instant,
        version -> Integer,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::sql_types::{Id, Instant};

    webhook_deliveries (id) {
        id -> Id,
        subscription_id -> Id,
        seq -> BigInt,
        at -> Instant,
        kind -> Text,
        ticket_id -> Nullable<Id>,
        body -> Text,
        state -> Text,
        attempts -> Integer,
        due_at -> Instant,
        locked_until -> Nullable<Instant>,
        tried_at -> Nullable<Instant>,
        settled_at -> Nullable<Instant>,
        status -> Nullable<Integer>,
        error -> Nullable<Text>,
        answer -> Nullable<Text>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::sql_types::{Id, Instant};

    users (id) {
        id -> Id,
        name -> Text,
        role -> Text,
        unit -> Nullable<Text>,
        password_hash -> Text,
        created_at -> Instant,
        disabled_at -> Nullable<Instant>,
        version -> Integer,
        display_name -> Nullable<Text>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::sql_types::{Id, Instant};

    totp_factors (user_id) {
        user_id -> Id,
        secret -> Binary,
        last_step -> BigInt,
        created_at -> Instant,
        confirmed_at -> Nullable<Instant>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::sql_types::Id;

    user_identities (issuer, subject) {
        issuer -> Text,
        subject -> Text,
        user_id -> Id,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::sql_types::Instant;

    oidc_logins (state_hash) {
        state_hash -> Text,
        cookie_hash -> Text,
        nonce -> Text,
        verifier -> Binary,
        created_at -> Instant,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::sql_types::{Id, Instant};

    login_codes (code_hash) {
        code_hash -> Text,
        cookie_hash -> Text,
        user_id -> Id,
        created_at -> Instant,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::sql_types::{Id, Instant};

    recovery_codes (user_id, code_hash) {
        user_id -> Id,
        code_hash -> Text,
        used_at -> Nullable<Instant>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::sql_types::Instant;

    login_attempts (key) {
        key -> Text,
        account -> Text,
        failures -> Integer,
        failed_at -> Nullable<Instant>,
        locked_until -> Nullable<Instant>,
        succeeded_at -> Nullable<Instant>,
        updated_at -> Instant,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::sql_types::{Id, Instant};

    refresh_tokens (id) {
        id -> Id,
        user_id -> Id,
        family_id -> Id,
        token_hash -> Text,
        expires_at -> Instant,
        used_at -> Nullable<Instant>,
        revoked_at -> Nullable<Instant>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::sql_types::{Id, Instant};

    api_keys (id) {
        id -> Id,
        name -> Text,
        key_hash -> Text,
        scopes -> Jsonb,
        created_at -> Instant,
        revoked_at -> Nullable<Instant>,
        version -> Integer,
        expires_at -> Nullable<Instant>,
        last_used_day -> Nullable<Text>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::sql_types::{Id, Instant};

    idempotency_keys (principal, key) {
        principal -> Text,
        key -> Text,
        request_hash -> Text,
        status -> Nullable<Integer>,
        headers -> Jsonb,
        body -> Nullable<Binary>,
        created_at -> Instant,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::sql_types::{Id, Instant};

    report_revisions (month, revision) {
        month -> Text,
        revision -> Integer,
        as_of -> Instant,
        recorded_until -> Instant,
        published_at -> Instant,
        reason -> Nullable<Text>,
        report -> Text,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::sql_types::{Id, Instant};

    audit_log (seq) {
        seq -> BigInt,
        at -> Instant,
        actor -> Jsonb,
        action -> Text,
        data -> Jsonb,
        prev_hash -> Text,
        hash -> Text,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::sql_types::{Id, Instant};

    counters (name) {
        name -> Text,
        value -> BigInt,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::sql_types::{Id, Instant};

    ticket_clocks (ticket_id, name) {
        ticket_id -> Id,
        name -> Text,
        policy -> Nullable<Text>,
        started_at -> Instant,
        due_at -> Nullable<Instant>,
        stopped_at -> Nullable<Instant>,
        counted_until -> Nullable<Instant>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::sql_types::Id;

    ticket_fields (ticket_id) {
        ticket_id -> Id,
        data -> Nullable<Jsonb>,
        salt -> Nullable<Binary>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::sql_types::{Id, Instant};

    projection_states (name) {
        name -> Text,
        fingerprint -> Text,
        position -> Nullable<Id>,
        done_at -> Nullable<Instant>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::sql_types::{Id, Instant};

    merged_tickets (ticket_id) {
        ticket_id -> Id,
        into_id -> Id,
        merged_at -> Instant,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::sql_types::{Id, Instant};

    contact_moves (id) {
        id -> Id,
        interaction_id -> Id,
        from_id -> Id,
        linked_at -> Nullable<Instant>,
        moved_at -> Instant,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::sql_types::{Id, Instant};

    ticket_links (id) {
        id -> Id,
        relation -> Text,
        from_id -> Id,
        to_id -> Id,
        created_at -> Instant,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::sql_types::{Id, Instant};

    ticket_watchers (ticket_id, user_id) {
        ticket_id -> Id,
        user_id -> Id,
        since -> Instant,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::sql_types::{Id, Instant};

    mentions (id) {
        id -> Id,
        message_id -> Id,
        ticket_id -> Id,
        user_id -> Id,
        at -> Instant,
        read_at -> Nullable<Instant>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::sql_types::{Id, Instant};

    ticket_signatures (ticket_id) {
        ticket_id -> Id,
        bits -> BigInt,
        opened_at -> Instant,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::sql_types::{Id, Instant};

    signature_bands (band, opened_at, ticket_id) {
        band -> Integer,
        opened_at -> Instant,
        ticket_id -> Id,
        bits -> BigInt,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::sql_types::Id;

    unit_turns (unit) {
        unit -> Text,
        user_id -> Nullable<Id>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::sql_types::Id;

    ticket_search (docid) {
        docid -> BigInt,
        ticket_id -> Id,
        head -> Text,
        requester -> Text,
        body -> Text,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::sql_types::Id;

    person_words (word, person_id) {
        word -> Text,
        person_id -> Id,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::sql_types::{Id, Instant};

    identity_claims (id) {
        id -> Id,
        person_id -> Id,
        identity_type -> Text,
        value -> Text,
        verified -> Bool,
        created_at -> Instant,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::sql_types::{Id, Instant};

    ticket_protocols (ticket_id) {
        ticket_id -> Id,
        state -> Text,
        subject_sha256 -> Nullable<Text>,
        requested_at -> Instant,
        handed_over_at -> Nullable<Instant>,
        last_error -> Nullable<Text>,
        entry -> Nullable<Jsonb>,
        answered_at -> Nullable<Instant>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::sql_types::{Id, Instant};

    series_values (key, month, revision) {
        key -> Text,
        month -> Text,
        revision -> Integer,
        value -> BigInt,
        source -> Text,
        note -> Nullable<Text>,
        imported_at -> Instant,
        imported_by -> Jsonb,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::sql_types::{Id, Instant};

    score_entries (year, key, revision) {
        year -> Integer,
        key -> Text,
        revision -> Integer,
        content -> Jsonb,
        attachment_id -> Nullable<Id>,
        entered_at -> Instant,
        entered_by -> Jsonb,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::sql_types::Instant;

    followed_files (source, path) {
        source -> Text,
        path -> Text,
        file_number -> BigInt,
        position -> BigInt,
        head_length -> BigInt,
        head_sha256 -> Text,
        read_at -> Instant,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::sql_types::{Id, Instant};

    callbacks (id) {
        id -> Id,
        ticket_id -> Nullable<Id>,
        call_id -> Nullable<Id>,
        person_id -> Nullable<Id>,
        phone -> Nullable<Text>,
        theme -> Nullable<Text>,
        note -> Nullable<Text>,
        unit -> Nullable<Text>,
        window_from -> Instant,
        window_to -> Instant,
        outcome -> Text,
        booked_at -> Instant,
        version -> Integer,
        missed_told -> Bool,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::sql_types::{Id, Instant};

    callback_steps (callback_id, seq) {
        callback_id -> Id,
        seq -> Integer,
        at -> Instant,
        actor -> Jsonb,
        step -> Jsonb,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::sql_types::{Id, Instant};

    live_legs (leg_id) {
        leg_id -> Id,
        interaction_id -> Id,
        source -> Text,
        entered_at -> Instant,
        said -> Jsonb,
        logged -> Bool,
        differs -> Bool,
        differences -> Jsonb,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::sql_types::{Id, Instant};

    campaigns (id) {
        id -> Id,
        label -> Text,
        subject -> Text,
        subject_key -> Text,
        from_day -> Text,
        to_day -> Text,
        step -> Text,
        created_at -> Instant,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::sql_types::Instant;

    report_runs (schedule, month) {
        schedule -> Text,
        month -> Text,
        due_at -> Instant,
        begun_at -> Instant,
        made_at -> Nullable<Instant>,
        revision -> Nullable<Integer>,
        last_error -> Nullable<Text>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::sql_types::Instant;

    report_mails (schedule, month, recipient, language) {
        schedule -> Text,
        month -> Text,
        recipient -> Text,
        language -> Text,
        state -> Text,
        sent_at -> Nullable<Instant>,
        last_error -> Nullable<Text>,
    }
}

diesel::table! {
    use diesel::sql_types::*;

    rollups (local_day, place) {
        local_day -> Text,
        place -> Integer,
        source -> Text,
        channel -> Text,
        queue -> Nullable<Text>,
        outcome -> Nullable<Text>,
        registered -> Bool,
        filed -> Jsonb,
        quarters -> Jsonb,
    }
}

diesel::table! {
    use diesel::sql_types::*;

    rollup_marks (id) {
        id -> BigInt,
        local_day -> Text,
    }
}

diesel::allow_tables_to_appear_in_same_query!(
    raw_inputs,
    intake_keys,
    quarantine,
    persons,
    identities,
    identity_claims,
    person_merges,
    person_suggestions,
    matters,
    tickets,
    ticket_protocols,
    ticket_tags,
    merged_tickets,
    contact_moves,
    ticket_links,
    ticket_watchers,
    ticket_signatures,
    signature_bands,
    events,
    interactions,
    calls,
    legs,
    live_legs,
    messages,
    attachments,
    message_attachments,
    request_codes,
    jobs,
    feed,
    webhook_subscriptions,
    webhook_deliveries,
    users,
    totp_factors,
    recovery_codes,
    user_identities,
    oidc_logins,
    login_codes,
    login_attempts,
    refresh_tokens,
    api_keys,
    idempotency_keys,
    report_revisions,
    series_values,
    score_entries,
    audit_log,
    counters,
    ticket_clocks,
    projection_states,
    ticket_fields,
    mentions,
    unit_turns,
    ticket_search,
    person_words,
    followed_files,
    callbacks,
    callback_steps,
    campaigns,
    report_runs,
    report_mails,
    rollups,
    rollup_marks,
);
