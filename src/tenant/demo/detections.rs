//! Detections, with what the service tells about them.

use chrono::TimeDelta;
use serde_json::{Value, json};

use super::assets::Kind;
use super::seed::Scene;
use crate::domain::records::{RiskDetection, SignIn};
use crate::domain::risk::{ActivityType, DetectionTiming, RiskDetail, RiskLevel, RiskState};
use crate::domain::tenant_text::TenantText;

impl Scene<'_> {
    /// A detection of this kind, made so long before the epoch, on a sign-in or on the user.
    pub(super) fn detection(&mut self, kind: &Kind, level: RiskLevel, age: TimeDelta, sign_in: Option<&SignIn>) -> RiskDetection {
        let detected = self.at(age);
        let activity_at = sign_in.and_then(|sign_in| sign_in.created_date_time).unwrap_or(detected);
        // The record settles within minutes, and never after the epoch.
        let settled = self.at(age - TimeDelta::seconds(120).min(age / 3));
        RiskDetection {
            id: self.next_detection_id().into(),
            user_id: self.population.user_id(self.index),
            user_principal_name: Some(self.person.principal_name.as_str().into()),
            user_display_name: Some(self.person.display_name.as_str().into()),
            risk_event_type: Some(kind.value.as_str().into()),
            risk_level: Some(level),
            risk_state: Some(RiskState::AtRisk),
            risk_detail: Some(RiskDetail::None),
            detection_timing_type: Some(DetectionTiming::from_graph(&kind.timing)),
            activity: Some(if sign_in.is_some() { ActivityType::Signin } else { ActivityType::User }),
            token_issuer_type: sign_in.and_then(|sign_in| sign_in.token_issuer_type.clone()),
            ip_address: sign_in.and_then(|sign_in| sign_in.ip_address.clone()),
            location: sign_in.and_then(|sign_in| sign_in.location.clone()),
            request_id: sign_in.map(|sign_in| sign_in.id.clone()),
            correlation_id: sign_in.and_then(|sign_in| sign_in.correlation_id.clone()),
            activity_date_time: Some(activity_at),
            detected_date_time: Some(detected),
            last_updated_date_time: Some(settled),
            source: Some(kind.source.as_str().into()),
            mitre_technique_id: kind.mitre.as_deref().and_then(|techniques| techniques.split(',').next()).map(TenantText::new),
            additional_info: Some(self.additional_info(kind, sign_in).into()),
            extra: Default::default(),
        }
    }

    /// The JSON array of keys and values that Graph puts in a string (`reference/graph.md` section 1.5).
    fn additional_info(&mut self, kind: &Kind, sign_in: Option<&SignIn>) -> String {
        let mut pairs: Vec<(&str, Value)> = Vec::new();
        if let Some(sign_in) = sign_in {
            pairs.push(("userAgent", json!(sign_in.user_agent)));
        }
        if let Some(techniques) = &kind.mitre {
            pairs.push(("mitreTechniques", json!(techniques)));
        }
        if !kind.reasons.is_empty() {
            pairs.push(("riskReasons", json!(kind.reasons)));
        }
        let alert = kind
            .alert
            .then(|| format!("https://security.{}/alerts/da{}", super::people::TENANT, super::ids::hex(&self.chance.bytes::<8>())));
        pairs.push(("alertUrl", json!(alert)));
        if let Some(sign_in) = sign_in {
            match kind.value.as_str() {
                "unlikelyTravel" | "mcasImpossibleTravel" | "impossibleTravel" => {
                    let home = &self.person.home;
                    let earlier = sign_in.created_date_time.map(|at| crate::domain::time::Timestamp(at.0 - TimeDelta::minutes(38)));
                    pairs.push(("relatedEventTimeInUtc", json!(earlier)));
                    pairs.push(("relatedUserAgent", json!(self.person.client.agent)));
                    let location = json!({"city": home.city, "state": home.state, "countryOrRegion": home.country});
                    pairs.push(("relatedLocation", location));
                }
                "unfamiliarFeatures" | "suspiciousBrowser" => {
                    let device = sign_in.device_detail.as_ref();
                    let described = json!({
                        "operatingSystem": device.and_then(|device| device.operating_system.clone()),
                        "browser": device.and_then(|device| device.browser.clone()),
                    });
                    pairs.push(("deviceInformation", described));
                    pairs.push(("clientIp", json!(sign_in.ip_address)));
                }
                "malwareInfectedIPAddress" => pairs.push(("malwareName", json!("Brackish"))),
                _ => {}
            }
            pairs.push(("lastActivityTimeInUtc", json!(sign_in.created_date_time)));
        }
        Value::Array(pairs.into_iter().map(|(key, value)| json!({"Key": key, "Value": value})).collect()).to_string()
    }
}
