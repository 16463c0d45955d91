//! Locations: objects, their JSON text, the portal's "City, State, Country", country codes, and columns.

use serde_json::Value;

use super::properties::Properties;
use super::values::{number, word};
use crate::domain::records::{GeoCoordinates, Location};
use crate::domain::tenant_text::TenantText;

/// Takes the location, from the first of these names that says something, and from separate columns.
pub fn location(properties: &mut Properties, names: &[&str]) -> Option<Location> {
    let mut location = Location::default();
    if let Some((name, mut object)) = properties.take_object(names) {
        location = columns(&mut object);
        if let Some((name, mut point)) = object.take_object(&["geocoordinates"]) {
            location.geo_coordinates = coordinates(&mut point);
            object.keep_rest(name, point);
        }
        properties.keep_rest(name, object);
    } else if let Some(text) = properties.take(names, |value| word(value).filter(|text| !text.starts_with('{'))) {
        location = from_text(&text);
    }
    let separate = columns(properties);
    location.city = location.city.or(separate.city);
    location.state = location.state.or(separate.state);
    location.country_or_region = location.country_or_region.or(separate.country_or_region);
    location.geo_coordinates = location.geo_coordinates.or(separate.geo_coordinates);
    (location != Location::default()).then_some(location)
}

fn columns(properties: &mut Properties) -> Location {
    Location {
        city: properties.take(&["city", "locationcity"], word),
        state: properties.take(&["state", "locationstate"], word),
        country_or_region: properties
            .take(&["countryorregion", "country", "countryregion", "locationcountryorregion", "locationcountry"], word),
        geo_coordinates: coordinates(properties),
    }
}

/// Both or none: half a point is nowhere.
fn coordinates(properties: &mut Properties) -> Option<GeoCoordinates> {
    const LATITUDE: [&str; 2] = ["latitude", "locationgeocoordinateslatitude"];
    const LONGITUDE: [&str; 2] = ["longitude", "locationgeocoordinateslongitude"];
    if !LATITUDE.iter().any(|name| properties.has(name)) || !LONGITUDE.iter().any(|name| properties.has(name)) {
        return None;
    }
    let latitude = properties.take(&LATITUDE, number)?;
    let Some(longitude) = properties.take(&LONGITUDE, number) else {
        properties.put("latitude".to_owned(), Value::from(latitude));
        return None;
    };
    Some(GeoCoordinates { latitude, longitude })
}

/// "City, State, Country", "City, Country", or a country code.
fn from_text(text: &str) -> Location {
    let part = |part: &str| Some(TenantText::new(part.trim())).filter(|part| !part.is_empty() && part.as_str() != "-");
    let mut parts = text.rsplitn(3, ',');
    let (last, middle, first) = (parts.next().unwrap_or_default(), parts.next(), parts.next());
    let is_code = |text: &str| text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_alphabetic());
    match (first, middle) {
        (Some(city), state) => {
            Location { city: part(city), state: state.and_then(part), country_or_region: part(last), geo_coordinates: None }
        }
        (None, Some(city)) => Location { city: part(city), country_or_region: part(last), ..Location::default() },
        (None, None) if is_code(last.trim()) => {
            Location { country_or_region: Some(last.trim().to_ascii_uppercase().into()), ..Location::default() }
        }
        (None, None) => Location { city: part(last), ..Location::default() },
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(value: Value) -> Option<Location> {
        let Value::Object(object) = json!({ "Location": value }) else { return None };
        location(&mut Properties::new(object), &["location"])
    }

    #[test]
    fn every_shape_of_a_location_is_read() {
        let full = Location {
            city: Some("Dresden".into()),
            state: Some("Sachsen".into()),
            country_or_region: Some("DE".into()),
            geo_coordinates: Some(GeoCoordinates { latitude: 51.0714, longitude: 13.7399 }),
        };
        let object =
            json!({"City":"Dresden","State":"Sachsen","CountryOrRegion":"DE","GeoCoordinates":{"Latitude":"51.0714","Longitude":13.7399}});
        assert_eq!(read(object.clone()), Some(full.clone()));
        assert_eq!(read(json!(object.to_string())), Some(full.clone()));
        assert_eq!(read(json!("Dresden, Sachsen, DE")), Some(Location { geo_coordinates: None, ..full.clone() }));
        assert_eq!(read(json!("Dresden, , DE")), Some(Location { geo_coordinates: None, state: None, ..full.clone() }));
        assert_eq!(read(json!("de")), Some(Location { country_or_region: Some("DE".into()), ..Location::default() }));
        assert_eq!(read(json!({ "geoCoordinates": {} })), None);
        assert_eq!(read(json!("")), None);
    }
}
