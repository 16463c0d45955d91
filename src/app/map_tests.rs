//! Map and overview by their keys.

use chrono::TimeDelta;

use super::tests::{console, five, keys};
use super::*;
use crate::app::details::Subject;
use crate::app::map::Travels;
use crate::app::overview::Glance;
use crate::domain::fixture::{now, risky_user};
use crate::domain::records::{GeoCoordinates, Location, SignIn, UserRecords};

/// Alex, seen in Dresden, then in Lagos ten minutes later, and somewhere unknown between.
pub fn travelled() -> Vec<UserRecords> {
    let mut alex = risky_user("alex", "unlikelyTravel");
    let place = |city: &str, latitude, longitude| Location {
        city: Some(city.into()),
        geo_coordinates: Some(GeoCoordinates { latitude, longitude }),
        ..Location::default()
    };
    alex.sign_ins[0].location = Some(place("Lagos", 6.45, 3.39));
    for (id, minutes, location) in [("dresden", 70, Some(place("Dresden", 51.05, 13.74))), ("unknown", 65, None)] {
        let mut sign_in = SignIn::unknown(id.into(), alex.id().clone());
        sign_in.created_date_time = Some(Timestamp(now().0 - TimeDelta::minutes(minutes)));
        sign_in.location = location;
        alex.sign_ins.push(sign_in);
    }
    alex.sort();
    vec![alex]
}

fn travels(app: &App) -> &Travels {
    match app.overlay() {
        Some(Overlay::Map(travels)) => travels,
        other => panic!("no map but {other:?}"),
    }
}

fn glance(app: &App) -> &Glance {
    match app.overlay() {
        Some(Overlay::Overview(glance)) => glance,
        other => panic!("no overview but {other:?}"),
    }
}

fn shown(app: &App) -> Vec<String> {
    (0..app.users().len()).map(|at| app.users().at(at, app.dataset()).unwrap().id().to_string()).collect()
}

#[test]
fn the_map_tells_what_was_too_fast_and_what_is_not_on_it() {
    let mut app = console(travelled());
    keys(&mut app, "m");
    let travels = travels(&app);
    assert_eq!(travels.summary(), "2 places · ▲ 1 impossible · 1 without coordinates");
    assert!(
        travels.told(app.times())[1].contains("▲ impossible travel: 5,051 km in 10 min from Dresden"),
        "{:?}",
        travels.told(app.times())
    );
    assert_eq!(travels.ways.len(), 1);
    keys(&mut app, "j");
    assert!(self::travels(&app).told(app.times()).last().unwrap().contains("not on the map"));
}

#[test]
fn enter_on_the_map_puts_the_sign_in_under_the_cursor() {
    let mut app = console(travelled());
    keys(&mut app, "m G enter");
    assert!(app.overlay().is_none());
    assert_eq!((app.focus(), &app.details().subject), (layout::Pane::SignIns, &Some(Subject::SignIn("dresden".into()))));
}

#[test]
fn a_user_without_coordinates_has_a_list_alone() {
    let mut app = console(five());
    keys(&mut app, "m");
    assert_eq!(travels(&app).summary(), "no coordinates are known");
    assert_eq!(app.map_rows(travels(&app)).0, 0);
}

#[test]
fn one_picture_leads_to_another() {
    let mut app = console(travelled());
    keys(&mut app, "t m 0 t");
    assert!(matches!(app.overlay(), Some(Overlay::Timeline(_))));
}

#[test]
fn a_row_of_the_overview_shows_whom_it_counts() {
    let mut app = console(five());
    keys(&mut app, "0");
    for at in 0..glance(&app).rows.len() {
        keys(&mut app, "g");
        while glance(&app).scroll.at < at {
            keys(&mut app, "j");
        }
        let row = glance(&app).row().unwrap().clone();
        let Some(filter) = row.filter.filter(|_| glance(&app).scroll.at == at) else { continue };
        keys(&mut app, "enter");
        assert!(app.overlay().is_none() && app.message().is_empty(), "{filter}: {:?}", app.message());
        assert_eq!(app.users().filter, filter);
        if let Ok(count) = row.value.parse::<usize>() {
            assert_eq!(shown(&app).len(), count, "{filter}");
        }
        keys(&mut app, "0");
    }
    keys(&mut app, "esc");
    assert!(app.overlay().is_none());
}

#[test]
fn the_overview_passes_over_headings_and_says_when_it_is_old() {
    let mut app = console(five());
    keys(&mut app, "0");
    for _ in 0..40 {
        assert!(!glance(&app).row().unwrap().is_heading());
        keys(&mut app, "j");
    }
    for _ in 0..40 {
        keys(&mut app, "k");
        assert!(!glance(&app).row().unwrap().is_heading());
    }
    app.update(Msg::Records(vec![risky_user("new", "newCountry")]), now());
    assert!(glance(&app).stale);
    keys(&mut app, "0");
    assert!(!glance(&app).stale, "asked for again, it is computed anew");
    keys(&mut app, "0");
    assert!(app.overlay().is_none());
}
