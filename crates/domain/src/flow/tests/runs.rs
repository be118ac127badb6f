//! The runs that the three templates are made for, from the first word to the close.

use super::{after, env, play, play_in, template};

#[test]
fn every_template_is_a_flow_and_its_canonical_form_is_the_same_flow() {
    for template in super::super::templates() {
        let flow = super::Flow::parse(template.text).unwrap_or_else(|e| panic!("{}: {e:?}", template.key));
        let again = super::Flow::parse(&flow.text()).unwrap();
        assert_eq!(again, flow);
        assert_eq!(again.text(), flow.text());
        assert!(flow.asks_consent());
    }
}

#[test]
fn travel_a_a_trip_with_a_bad_email_once_gives_one_contact_and_both_markers() {
    play(
        &template("travel-desk"),
        "
        begin
        bot: Good morning! This is the Meridian travel desk.
        bot: What can I do for you? [Book a trip | Trip status | Talk to someone]
        # book
        heard Book a trip
        + Book Trip
        bot: Where would you like to go?
        > Lisbon
        bot: When do you leave? (e.g. 2026-11-05)
        > 2026-11-05
        bot: How many travellers?
        > 2
        bot: Budget per person? [Under 500 | 500 to 1500 | Over 1500]
        # lt500
        heard Under 500
        + Contact Details
        bot: Whom may I address?
        > Nuala O'Brien
        bot: Which e-mail for the offer?
        > nuala at example
        bot: That does not look like an e-mail address. Could you type it again?
        > nuala@example.ie
        bot: A number in case of questions? (optional)
        > 020 7946 0018
        bot: May we keep these details to prepare your offer? [Yes | No]
        # yes
        heard Yes
        consent true: May we keep these details to prepare your offer?
        save name=Nuala O'Brien email=nuala@example.ie phone=+442079460018 destination=Lisbon depart=2026-11-05 pax=2 budget=lt500
        - Contact Details
        - Book Trip
        bot: Anything else? [Yes | No]
        # no
        heard No
        bot: Have a good journey!
        close
        ? consent = yes
        > Hello?
        stale
        ",
    );
}

#[test]
fn travel_b_a_visitor_who_leaves_at_the_travellers_has_started_book_trip_only() {
    play(
        &template("travel-desk"),
        "
        begin
        bot: Good morning! This is the Meridian travel desk.
        bot: What can I do for you? [Book a trip | Trip status | Talk to someone]
        > BOOK A TRIP
        + Book Trip
        bot: Where would you like to go?
        > Lisbon
        bot: When do you leave? (e.g. 2026-11-05)
        > yesterday-ish
        bot: …
        > 2026-10-21
        bot: …
        > 2026-11-05
        bot: How many travellers?
        ? depart = 2026-11-05
        early nothing
        ",
    );
}

#[test]
fn travel_c_without_consent_nothing_is_saved_and_both_markers_stay_open() {
    play(
        &template("travel-desk"),
        "
        begin
        bot: Good morning! This is the Meridian travel desk.
        bot: What can I do for you? [Book a trip | Trip status | Talk to someone]
        > 1
        + Book Trip
        bot: Where would you like to go?
        > Kyoto
        bot: When do you leave? (e.g. 2026-11-05)
        > 2026-12-01
        bot: How many travellers?
        > 7
        bot: For groups a planner will call you.
        bot: Budget per person? [Under 500 | 500 to 1500 | Over 1500]
        > 500 to 1500
        + Contact Details
        bot: Whom may I address?
        > 李小龍
        bot: Which e-mail for the offer?
        > lee@example.com
        bot: A number in case of questions? (optional)
        skip
        heard Skip
        bot: May we keep these details to prepare your offer? [Yes | No]
        > no
        consent false: May we keep these details to prepare your offer?
        bot: Understood, nothing is stored.
        bot: Anything else? [Yes | No]
        early nothing
        > no
        bot: Have a good journey!
        close
        ",
    );
}

#[test]
fn travel_d_two_trips_in_one_conversation_hit_the_markers_twice() {
    let flow = template("travel-desk");
    let first = ["book", "Lisbon", "2026-11-05", "2", "lt500", "Ana", "ana@example.com", "no thanks", "yes"];
    let state = after(&flow, &first);
    play_in(
        &flow,
        &env(),
        state,
        "
        # yes
        heard Yes
        bot: What can I do for you? [Book a trip | Trip status | Talk to someone]
        # book
        heard Book a trip
        + Book Trip
        bot: Where would you like to go?
        > Porto
        bot: When do you leave? (e.g. 2026-11-05)
        > 2026-11-20
        bot: How many travellers?
        > 1
        bot: Budget per person? [Under 500 | 500 to 1500 | Over 1500]
        # gt1500
        heard Over 1500
        + Contact Details
        bot: Whom may I address?
        early nothing
        > Ana
        bot: Which e-mail for the offer?
        > ana.b@example.com
        bot: A number in case of questions? (optional)
        early name=Ana email=ana.b@example.com phone=null
        > 020 7946 0018
        bot: May we keep these details to prepare your offer? [Yes | No]
        # yes
        heard Yes
        consent true: May we keep these details to prepare your offer?
        save name=Ana email=ana.b@example.com phone=+442079460018 destination=Porto depart=2026-11-20 pax=1 budget=gt1500
        - Contact Details
        - Book Trip
        bot: Anything else? [Yes | No]
        # no
        heard No
        bot: Have a good journey!
        close
        ",
    );
}

#[test]
fn travel_e_a_booking_code_is_upper_cased_and_an_agent_is_called() {
    let state = play(
        &template("travel-desk"),
        "
        begin
        bot: Good morning! This is the Meridian travel desk.
        bot: What can I do for you? [Book a trip | Trip status | Talk to someone]
        # status
        heard Trip status
        + Trip Status
        bot: Your booking code?
        > AB12
        bot: …
        > ab123456
        bot: Thanks - an agent checks AB123456.
        - Trip Status
        handover Sales
        ? pnr = AB123456
        > Are you there?
        early nothing
        ",
    );
    assert!(state.is_handed_over());
}

#[test]
fn travel_f_with_nobody_at_the_desk_the_details_are_left() {
    play(
        &template("travel-desk"),
        "
        begin
        bot: Good morning! This is the Meridian travel desk.
        bot: What can I do for you? [Book a trip | Trip status | Talk to someone]
        # human
        heard Talk to someone
        handover Sales
        offline
        bot: Nobody is at the desk right now. Leave your details?
        + Contact Details
        bot: Whom may I address?
        > Ng
        bot: Which e-mail for the offer?
        > ng@example.com
        bot: A number in case of questions? (optional)
        skip
        heard Skip
        bot: May we keep these details to prepare your offer? [Yes | No]
        # yes
        heard Yes
        consent true: May we keep these details to prepare your offer?
        save name=Ng email=ng@example.com phone=null
        - Contact Details
        - Book Trip
        bot: Anything else? [Yes | No]
        # no
        heard No
        bot: Have a good journey!
        close
        ",
    );
}

#[test]
fn travel_g_a_valid_email_without_an_answer_about_consent_is_not_told() {
    let flow = template("travel-desk");
    let replies = ["book", "Lisbon", "2026-11-05", "2", "1", "Ana", "ana@example.com", "skip"];
    let state = after(&flow, &replies);
    play_in(
        &flow,
        &env(),
        state,
        "
        early nothing
        ",
    );
}

#[test]
fn car_a_a_used_car_and_two_wrong_phones_still_end_in_a_quote() {
    play(
        &template("car-quote"),
        "
        begin
        bot: Hello, I can prepare a car insurance quote in about a minute.
        bot: We use your answers only for this quote. Continue? [Yes | No]
        # yes
        heard Yes
        consent true: We use your answers only for this quote. Continue?
        + Quote
        bot: Is the car new or used? [New | Used]
        # used
        heard Used
        bot: Year of first registration?
        > 2019
        bot: Make and model?
        > Volvo V60
        bot: Cover? [Third party | Third party, fire and theft | Comprehensive]
        # comp
        heard Comprehensive
        bot: Claims in the last 3 years? [0 | 1 | 2 or more]
        # 0
        heard 0
        bot: Name on the policy?
        > John Carter
        bot: Mobile number?
        > call me
        bot: …
        > 12345
        bot: …
        > 020 7946 0018
        bot: I have +442079460018 - correct? [Yes | No]
        # yes
        heard Yes
        bot: E-mail for the quote document? (optional)
        skip
        heard Skip
        save name=John Carter email=null phone=+442079460018 car=Volvo V60 year=2019 cover=comp claims=0
        - Quote
        bot: Thank you John Carter. Your reference is MER-4711.
        bot: Drive safely.
        close
        ",
    );
}

#[test]
fn car_b_a_classic_goes_to_a_specialist_and_counts_as_a_referral_when_nobody_is_there() {
    play(
        &template("car-quote"),
        "
        begin
        bot: Hello, I can prepare a car insurance quote in about a minute.
        bot: We use your answers only for this quote. Continue? [Yes | No]
        # yes
        heard Yes
        consent true: We use your answers only for this quote. Continue?
        + Quote
        bot: Is the car new or used? [New | Used]
        # used
        heard Used
        bot: Year of first registration?
        > 1949
        bot: …
        > 1962
        bot: Cars over 20 years go to our classics desk.
        + Specialist Referral
        handover Lead Generation
        offline
        bot: Which number may a specialist call?
        > 020 7946 0018
        save name=null email=null phone=+442079460018 year=1962
        - Specialist Referral
        bot: Drive safely.
        close
        ",
    );
}

#[test]
fn car_b_an_operator_who_takes_over_and_closes_leaves_both_markers_open() {
    let flow = template("car-quote");
    let state = after(&flow, &["yes", "used", "1962"]);
    assert!(state.is_handed_over());
    play_in(
        &flow,
        &env(),
        state,
        "
        early nothing
        ",
    );
}

#[test]
fn car_c_three_bad_phones_and_an_email_give_a_contact_without_a_phone() {
    play(
        &template("car-quote"),
        "
        begin
        bot: Hello, I can prepare a car insurance quote in about a minute.
        bot: We use your answers only for this quote. Continue? [Yes | No]
        # yes
        heard Yes
        consent true: We use your answers only for this quote. Continue?
        + Quote
        bot: Is the car new or used? [New | Used]
        # new
        heard New
        bot: Year of first registration?
        > 2026
        bot: Make and model?
        > Fiat 500
        bot: Cover? [Third party | Third party, fire and theft | Comprehensive]
        # tp
        heard Third party
        bot: Claims in the last 3 years? [0 | 1 | 2 or more]
        > 2 or more
        bot: Name on the policy?
        > Ana
        bot: Mobile number?
        > call me
        bot: …
        > call me maybe
        bot: …
        > 12345
        bot: E-mail for the quote document? (optional)
        > ana@example.com
        save name=Ana email=ana@example.com phone=null car=Fiat 500 year=2026 cover=tp claims=2plus
        - Quote
        bot: Thank you Ana. Your reference is MER-4711.
        bot: Drive safely.
        close
        ",
    );
}

#[test]
fn car_d_three_bad_phones_and_no_email_give_no_contact() {
    let flow = template("car-quote");
    let state = after(&flow, &["yes", "new", "2026", "Fiat 500", "tp", "0", "Ana", "no", "nope"]);
    play_in(
        &flow,
        &env(),
        state,
        "
        > never
        bot: E-mail for the quote document? (optional)
        skip
        heard Skip
        bot: Without an e-mail or a number I cannot send a quote.
        bot: Drive safely.
        close
        early nothing
        ",
    );
}

#[test]
fn car_e_without_consent_there_are_four_messages_and_nothing_else() {
    play(
        &template("car-quote"),
        "
        begin
        bot: Hello, I can prepare a car insurance quote in about a minute.
        bot: We use your answers only for this quote. Continue? [Yes | No]
        # no
        heard No
        consent false: We use your answers only for this quote. Continue?
        bot: No problem - nothing was recorded.
        close
        ",
    );
}

#[test]
fn car_f_a_phone_that_is_not_confirmed_is_asked_again_and_only_the_last_one_is_told() {
    let flow = template("car-quote");
    let state = after(&flow, &["yes", "new", "2026", "Fiat 500", "tp", "0", "Ana"]);
    play_in(
        &flow,
        &env(),
        state,
        "
        > 020 7946 0018
        bot: I have +442079460018 - correct? [Yes | No]
        early name=Ana email=null phone=+442079460018
        # no
        heard No
        bot: Mobile number?
        early nothing
        > +1 202 555 0143
        bot: I have +12025550143 - correct? [Yes | No]
        > yes
        bot: E-mail for the quote document? (optional)
        > ana@example.com
        save name=Ana email=ana@example.com phone=+12025550143 car=Fiat 500 year=2026 cover=tp claims=0
        - Quote
        bot: Thank you Ana. Your reference is MER-4711.
        bot: Drive safely.
        close
        ",
    );
}

#[test]
fn car_two_or_more_claims_with_full_cover_go_to_a_specialist() {
    let flow = template("car-quote");
    let state = after(&flow, &["yes", "new", "2026", "Fiat 500", "comp"]);
    play_in(
        &flow,
        &env(),
        state,
        "
        > 2
        + Specialist Referral
        handover Lead Generation
        ? claims = 2plus
        ",
    );
}

#[test]
fn saas_a_pricing_then_a_demo_hits_both_markers_once() {
    play(
        &template("saas-demo"),
        "
        begin
        bot: Hi! Want to see Loomwork in action?
        bot: What are you looking for? [Book a demo | Pricing | I am a customer]
        # price
        heard Pricing
        + Pricing Viewed
        bot: Plans start at 12 per seat and month; details: https://example.com/pricing
        - Pricing Viewed
        bot: Shall I book a demo? [Yes | No]
        # yes
        heard Yes
        + Demo Request
        bot: Your work e-mail?
        > ana@loomwork.example
        bot: Your name?
        > Ana
        bot: Company?
        > Acme
        bot: Team size? [1-10 | 11-50 | 51-250 | More than 250]
        # 1-10
        heard 1-10
        bot: Preferred day? (optional)
        > 2026-10-23
        bot: Phone, if you prefer a call? (optional)
        skip
        heard Skip
        bot: May we contact you about this demo? [Yes | No]
        # yes
        heard Yes
        consent true: May we contact you about this demo?
        save name=Ana email=ana@loomwork.example phone=null company=Acme size=1-10 day=2026-10-23 score=1
        - Demo Request
        bot: Anything else? [Yes | No]
        # no
        heard No
        bot: Thanks for stopping by.
        close
        ",
    );
}

#[test]
fn saas_b_a_large_team_is_handed_over_after_the_contact_is_told() {
    play(
        &template("saas-demo"),
        "
        begin
        bot: Hi! Want to see Loomwork in action?
        bot: What are you looking for? [Book a demo | Pricing | I am a customer]
        # demo
        heard Book a demo
        + Demo Request
        bot: Your work e-mail?
        > ana@loomwork.example
        bot: Your name?
        > Ana
        bot: Company?
        > Acme
        bot: Team size? [1-10 | 11-50 | 51-250 | More than 250]
        # 250plus
        heard More than 250
        bot: Preferred day? (optional)
        > 2026-10-24
        bot: … You can also skip this. (optional)
        > 2026-12-24
        bot: … You can also skip this. (optional)
        > no thanks
        bot: Phone, if you prefer a call? (optional)
        > 020 7946 0018
        bot: May we contact you about this demo? [Yes | No]
        > sure
        consent true: May we contact you about this demo?
        save name=Ana email=ana@loomwork.example phone=+442079460018 company=Acme size=250plus score=3
        - Demo Request
        handover Sales
        ? score = 3
        ",
    );
}

#[test]
fn saas_c_a_personal_mail_that_is_changed_leads_through_the_question_twice_and_to_one_contact() {
    play(
        &template("saas-demo"),
        "
        begin
        bot: Hi! Want to see Loomwork in action?
        bot: What are you looking for? [Book a demo | Pricing | I am a customer]
        # demo
        heard Book a demo
        + Demo Request
        bot: Your work e-mail?
        > ana@gmail.com
        bot: That looks personal. Keep it? [Keep it | Change it]
        # change
        heard Change it
        bot: Your work e-mail?
        > ana@loomwork.example
        bot: Your name?
        > Ana
        bot: Company?
        > Acme
        bot: Team size? [1-10 | 11-50 | 51-250 | More than 250]
        # 51-250
        heard 51-250
        bot: Preferred day? (optional)
        skip
        heard Skip
        bot: Phone, if you prefer a call? (optional)
        skip
        heard Skip
        bot: May we contact you about this demo? [Yes | No]
        # yes
        heard Yes
        consent true: May we contact you about this demo?
        save name=Ana email=ana@loomwork.example phone=null company=Acme size=51-250 score=2
        - Demo Request
        bot: Anything else? [Yes | No]
        # no
        heard No
        bot: Thanks for stopping by.
        close
        ",
    );
}

#[test]
fn saas_d_an_answer_that_is_sent_twice_counts_once() {
    use super::super::{Input, step};
    let flow = template("saas-demo");
    let state = after(&flow, &["demo", "ana@loomwork.example", "Ana", "Acme"]);
    let answer = Input::Choose { value: "11-50".into(), question: state.questions };
    let first = step(&flow, &state, &answer, &env());
    let second = step(&flow, &first.state, &answer, &env());
    assert!(!first.stale && second.stale);
    assert_eq!(second.state, first.state);
    assert_eq!((second.heard, second.steps), (None, Vec::new()));
}

#[test]
fn saas_e_two_tabs_share_one_conversation_and_the_slower_answer_is_stale() {
    use super::super::{Input, step};
    let flow = template("saas-demo");
    let state = after(&flow, &["demo", "ana@loomwork.example"]);
    let typed = |text: &str| Input::Answer { text: text.into(), question: Some(state.questions) };
    let one = step(&flow, &state, &typed("Ana"), &env());
    let other = step(&flow, &one.state, &typed("Ana B"), &env());
    assert!(other.stale);
    play_in(
        &flow,
        &env(),
        other.state,
        "
        ? name = Ana
        > Acme
        bot: Team size? [1-10 | 11-50 | 51-250 | More than 250]
        ? company = Acme
        ",
    );
}

#[test]
fn saas_f_a_conversation_finishes_on_the_version_that_it_began_with() {
    let old = template("saas-demo");
    let state = after(&old, &["demo", "ana@loomwork.example"]);
    let new = super::Flow::parse(&old.text().replace("Company?", "Firm?")).unwrap();
    assert_ne!(new, old);
    play_in(
        &old,
        &env(),
        state,
        "
        > Ana
        bot: Company?
        ",
    );
}

#[test]
fn saas_a_customer_is_asked_for_consent_when_nobody_is_free() {
    play(
        &template("saas-demo"),
        "
        begin
        bot: Hi! Want to see Loomwork in action?
        bot: What are you looking for? [Book a demo | Pricing | I am a customer]
        # support
        heard I am a customer
        bot: E-mail of your account?
        > ana@example.com
        handover CRM
        offline
        bot: Nobody is free. May we write to ana@example.com about your request? [Yes | No]
        # yes
        heard Yes
        consent true: Nobody is free. May we write to ana@example.com about your request?
        save name=null email=ana@example.com phone=null
        bot: Anything else? [Yes | No]
        # no
        heard No
        bot: Thanks for stopping by.
        close
        ",
    );
}
