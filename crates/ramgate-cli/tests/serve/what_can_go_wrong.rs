//! Every way to fail that `docs/serve.md` lists has a test, and every test named here stands for a row of it.

use crate::{
    access, api, authzen, certification, check, decision_log, end, examples, ext_authz, faults,
    forward_auth, reload, search, start,
};

/// The first column of the page's table, and what tries it.
type Row = (&'static str, &'static [fn()]);

const ROWS: &[Row] = &[
    (
        "a setting is missing, unknown or unclear",
        &[start::settings_that_are_not_clear],
    ),
    ("the address is in use", &[start::an_address_in_use]),
    (
        "other machines reach the address",
        &[access::other_machines_may_ask_where_something_protects],
    ),
    (
        "a file of tokens or TLS, a route, or a word of an application is unclear or cannot be read",
        &[
            access::token_files_that_are_none,
            access::files_of_tls_that_are_not_clear,
            forward_auth::tables_that_are_not_clear,
            certification::settings_that_are_not_clear,
        ],
    ),
    (
        "the decision log cannot be opened",
        &[decision_log::a_log_that_cannot_be_opened],
    ),
    (
        "the snapshot is broken or cannot be read at the start",
        &[
            start::a_broken_snapshot_is_told_with_its_place,
            start::what_cannot_be_read_is_told,
        ],
    ),
    (
        "policies are still being loaded",
        &[start::it_is_alive_but_not_ready_until_policies_are_loaded],
    ),
    (
        "changed policies are broken, cut off, no UTF-8, or gone",
        &[reload::a_broken_change_keeps_the_last_good_policies],
    ),
    (
        "the caller is not in the snapshot, or not named",
        &[check::who_is_not_known_gets_no_decision],
    ),
    (
        "no JSON, invalid UTF-8, a member twice, nesting deeper than 64, an unknown or missing member, a wrong type, a wildcard in the principal",
        &[check::what_is_no_request_is_told_with_its_place],
    ),
    (
        "a query other than `brief=true`",
        &[check::a_brief_answer_is_the_same_decision],
    ),
    (
        "one request of a batch is any of these",
        &[check::a_batch_goes_on_past_what_is_wrong],
    ),
    (
        "a batch that is no array",
        &[check::a_batch_goes_on_past_what_is_wrong],
    ),
    (
        "a batch that holds too many requests",
        &[check::a_batch_goes_on_past_what_is_wrong],
    ),
    (
        "a batch that takes longer than `request_timeout`",
        &[check::a_batch_that_takes_too_long],
    ),
    (
        "a body that is too large, told or not told beforehand",
        &[faults::a_body_that_is_too_large],
    ),
    ("a compressed body", &[check::paths_methods_and_request_ids]),
    (
        "a body that is cut off",
        &[faults::a_body_that_is_cut_and_a_client_that_leaves],
    ),
    (
        "a body that does not arrive in time",
        &[faults::a_body_that_does_not_arrive],
    ),
    (
        "a client that goes away in the middle",
        &[faults::a_body_that_is_cut_and_a_client_that_leaves],
    ),
    ("a head that is no HTTP", &[faults::heads_that_are_none]),
    (
        "a head that is too large, or has too many headers",
        &[faults::heads_that_are_none],
    ),
    (
        "too many requests at once",
        &[faults::more_requests_than_are_answered_at_once],
    ),
    (
        "too many connections",
        &[faults::more_connections_than_are_taken],
    ),
    (
        "no token, another one, or two",
        &[access::only_who_has_a_token],
    ),
    (
        "a client without a certificate of `tls_client_ca`, or without TLS",
        &[access::tls, access::certificates_of_clients],
    ),
    (
        "AuthZEN: any of what gets 400 above, a missing member, another content type, too many evaluations",
        &[
            authzen::what_the_protocol_does_not_have_is_refused_with_400,
            authzen::too_many_evaluations,
        ],
    ),
    (
        "AuthZEN: a caller that is not known, or what is no principal, action, resource or condition value",
        &[
            authzen::subjects_by_name_and_by_arn,
            authzen::properties_that_are_condition_keys_count,
        ],
    ),
    (
        "AuthZEN: an id of an own type that is more than one word, or a property that contradicts what is known",
        &[
            certification::ids_that_would_not_stay_in_their_place,
            certification::every_request_of_the_scenario,
        ],
    ),
    (
        "a search for a type, id or action that is not known, or with a context that an evaluation would deny for its form",
        &[
            certification::every_request_of_the_scenario,
            search::what_is_no_question_finds_nothing,
        ],
    ),
    (
        "a search with a token of another question or of other policies, or with more results than `max_batch` and without a page",
        &[search::pages],
    ),
    ("too many searches at once", &[search::too_many_searches]),
    (
        "a search that takes longer than `request_timeout`",
        &[search::a_search_that_takes_too_long],
    ),
    (
        "a gateway asks about a path or method without a route, gives a header of its dialect twice or not at all, an address that is none, says two things of who asks, has no token of its own, or asks too much at once",
        &[
            forward_auth::nginx,
            forward_auth::who_asks,
            forward_auth::the_address_must_be_known_where_it_is_looked_for,
            forward_auth::nothing_but_200_401_and_403,
        ],
    ),
    (
        "a gateway asks for somebody with a token that is not known, or for nobody",
        &[forward_auth::who_asks],
    ),
    (
        "Envoy sends a message that is too large, too late, compressed, cut off, none, without a request, or with a header that is none or has two values",
        &[
            ext_authz::what_is_no_question_is_denied,
            ext_authz::a_message_that_does_not_arrive_in_time_is_denied,
        ],
    ),
    (
        "a call to it that is not of gRPC",
        &[ext_authz::what_is_no_question_is_denied],
    ),
    (
        "a table of an interface, or a file of AccessKeys, is unclear; `body = \"given\"` of a gateway that gives none",
        &[api::tables_that_are_not_clear],
    ),
    (
        "a call of an interface that could be read in two ways, of another version, method or style; with an operation or parameter that the catalogue does not know",
        &[
            api::what_could_be_read_in_two_ways_is_denied,
            examples::nginx_in_front_of_the_api,
            examples::envoy_in_front_of_the_api,
        ],
    ),
    (
        "its AccessKey is not known, is said twice or in another form; a bearer token, a session",
        &[api::what_could_be_read_in_two_ways_is_denied],
    ),
    (
        "its answer hangs on circumstances or tags that nobody said",
        &[api::a_call_is_understood_and_its_caller_is_whose_key_signs_it],
    ),
    (
        "a body where none is forwarded, one that is given in part or as a text, or whose length does not fit",
        &[
            ext_authz::a_call_is_decided_on_its_whole_body,
            examples::nginx_in_front_of_the_api,
            examples::envoy_in_front_of_the_api,
        ],
    ),
    (
        "a gateway in front of an interface has no token of its own, or asks too much at once",
        &[api::nothing_but_the_error_of_the_cloud],
    ),
    (
        "the decision log's disk is full, or nobody reads it",
        &[
            decision_log::a_full_disk_does_not_stop_decisions,
            decision_log::who_does_not_read_the_log_does_not_stop_decisions,
        ],
    ),
    (
        "SIGTERM or SIGINT",
        &[
            end::it_is_unready_before_it_stops_to_listen,
            end::answers_in_flight_are_finished,
            end::under_load_every_request_that_was_taken_is_answered,
            end::on_connections_that_are_kept_no_answer_is_lost,
            end::requests_that_were_sent_before_are_answered_however_many_wait,
        ],
    ),
    (
        "a client that does not finish by the end of `drain`",
        &[end::a_client_that_never_finishes_is_not_waited_for_forever],
    ),
    (
        "a file system that hangs while it looks at the policies",
        &[start::it_is_alive_but_not_ready_until_policies_are_loaded],
    ),
];

#[test]
fn every_row_of_the_page_is_tried() {
    let page = include_str!("../../../../docs/serve.md");
    let table = page.split("\n## What can go wrong\n").nth(1).unwrap();
    let rows = table.lines().filter_map(|line| line.strip_prefix("| "));
    let listed: Vec<&str> = rows
        .skip(2)
        .map(|row| row.split(" | ").next().unwrap())
        .collect();
    let tried: Vec<&str> = ROWS.iter().map(|(row, _)| *row).collect();
    assert_eq!(tried, listed);
    assert!(ROWS.iter().all(|(_, tests)| !tests.is_empty()));
}
