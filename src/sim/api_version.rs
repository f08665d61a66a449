//! Which api-versions a provider serves, and the refusal of others, which lists them.
//!
//! The lists are those of the providers' public specifications (azure-rest-api-specs) as far as they
//! are known here; fields are served alike in all versions. A provider that is not listed takes any.

use super::answer::Answer;

const NETWORK: &str = "\
    2015-06-15 2016-03-30 2016-06-01 2016-09-01 2016-12-01 2017-03-01 2017-03-30 2017-06-01 2017-08-01 2017-09-01 \
    2017-10-01 2017-11-01 2018-01-01 2018-02-01 2018-04-01 2018-06-01 2018-07-01 2018-08-01 2018-10-01 2018-11-01 \
    2018-12-01 2019-02-01 2019-04-01 2019-06-01 2019-07-01 2019-08-01 2019-09-01 2019-11-01 2019-12-01 2020-01-01 \
    2020-03-01 2020-04-01 2020-05-01 2020-06-01 2020-07-01 2020-08-01 2020-11-01 2021-02-01 2021-03-01 2021-05-01 \
    2021-08-01 2021-12-01 2022-01-01 2022-05-01 2022-07-01 2022-09-01 2022-11-01 2023-02-01 2023-04-01 2023-05-01 \
    2023-06-01 2023-09-01 2023-11-01 2024-01-01 2024-03-01 2024-05-01 2024-07-01 2024-10-01 2025-01-01 2025-03-01 \
    2025-05-01 2025-07-01 2025-09-01 2026-01-01 2026-03-01";

const COMPUTE: &str = "\
    2015-06-15 2016-03-30 2017-03-30 2017-12-01 2018-04-01 2018-06-01 2018-10-01 2019-03-01 2019-07-01 2019-12-01 \
    2020-06-01 2020-12-01 2021-03-01 2021-04-01 2021-07-01 2021-11-01 2022-03-01 2022-08-01 2022-11-01 2023-03-01 \
    2023-07-01 2023-09-01 2024-03-01 2024-07-01 2024-11-01 2025-04-01 2025-11-01 2026-04-01";

/// The refusal of a version that the provider of a type does not serve. `only` restricts what is served.
pub(super) fn refusal(kind: &str, version: &str, only: &[String]) -> Option<Answer> {
    let (namespace, name) = kind.split_once('/')?;
    let of_sets = name.starts_with("virtualmachinescalesets") && name.contains("networkinterfaces");
    let served = match namespace {
        // Scale sets' NICs are served under Compute with Network's versions.
        "microsoft.compute" if of_sets => NETWORK,
        "microsoft.compute" => COMPUTE,
        "microsoft.network" => NETWORK,
        _ => return None,
    };
    let served: Vec<&str> =
        if only.is_empty() { served.split_whitespace().collect() } else { only.iter().map(String::as_str).collect() };
    if served.contains(&version) {
        return None;
    }
    Some(Answer::error(
        400,
        "NoRegisteredProviderFound",
        format!(
            "No registered resource provider found for location 'westeurope' and API version '{version}' for type '{name}'. The supported api-versions are '{}'. The supported locations are 'westeurope, northeurope, eastus'.",
            served.join(", ")
        ),
    ))
}
