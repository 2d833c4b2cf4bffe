//! Decisions on who clients are, as metrics tell of them.

use std::time::Duration;

use crate::gateway::get;
use crate::runs::Rig;
use crate::sasl::{handshake, plain};

const TIME: Duration = Duration::from_secs(20);

#[test]
fn each_decision_on_a_client_is_measured_by_its_mechanism_and_result() {
    let rig = Rig::new("decisions");
    let broker = rig.broker();
    let ann = "{ type: sasl_plain, mediation: terminate, principals: [{ username: ann, password: ann-secret }] }";
    let mut kegd = rig.run_file(&rig.whole().replace(
        "authentication: [{ type: anonymous }]",
        &format!("authentication: [{ann}]"),
    ));
    rig.until_ready(&mut kegd);
    let counts = || {
        let start = "kong_keg_kafka_auth_virtual_cluster_processing_duration_seconds_count{virtual_cluster=\"team\",\
                     backend_cluster=\"main\",auth_mechanism=";
        let metrics = get(rig.health, "/metrics").unwrap().1;
        let lines = metrics.lines().filter_map(|line| line.strip_prefix(start));
        let mut counts: Vec<_> = lines.map(|it| it.replace(['"', '}'], "")).collect();
        counts.sort();
        counts
    };
    assert_eq!(counts(), [""; 0]);
    // Twice within a second would be too soon.
    for (again, answer) in [("ann-secret", 0), ("wrong", 58)] {
        let mut client = rig.client();
        assert_eq!(plain(&mut client, "ann", "ann-secret").error, 0);
        assert_eq!(plain(&mut client, "ann", again).error, answer);
    }
    assert_eq!(plain(&mut rig.client(), "ann", "wrong").error, 58);
    assert_eq!(handshake(&mut rig.client(), "GSSAPI"), 33);
    assert_eq!(
        counts(),
        [
            "PLAIN,auth_mediation=terminate,reauthentication=false,result=fail 1",
            "PLAIN,auth_mediation=terminate,reauthentication=false,result=success 2",
            "PLAIN,auth_mediation=terminate,reauthentication=true,result=fail 1",
            "PLAIN,auth_mediation=terminate,reauthentication=true,result=success 1",
            "none,auth_mediation=none,reauthentication=false,result=fail 1",
        ]
    );
    kegd.terminate(TIME);
    drop(broker);
}
