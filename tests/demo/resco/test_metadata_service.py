def described(resco, name):
    document = resco.parsed(resco.client.get("/rest/v1/metadata/demo/$entities"))
    (entity,) = [item for item in document if item.get("Name") == name]
    return entity, {item.get("Name"): item.attrib for item in entity.find("Attributes")}


def test_entities_tell_key_and_name(resco):
    entity, attributes = described(resco, "fs_workorder")
    assert entity.get("PrimaryKeyName") == "id"
    assert entity.get("PrimaryFieldName") == "name"
    assert attributes["id"]["Type"] == "UniqueIdentifier"
    assert attributes["versionnumber"]["Type"] == "RowVersion"
    assert "Update" not in attributes["versionnumber"]["Permissions"].split()


def test_attributes_tell_their_facets(resco):
    attributes = described(resco, "account")[1]
    assert attributes["name"]["Length"] == "200"
    assert attributes["name"]["Required"] == "true"
    assert "Required" not in attributes["telephone1"]
    assert (attributes["creditlimit"]["Type"], attributes["creditlimit"]["Precision"]) == (
        "Money",
        "2",
    )


def test_lookups_tell_their_targets(resco):
    attributes = described(resco, "fs_workorder")[1]
    assert attributes["customerid"]["LookupTargets"] == "account;contact"
    assert attributes["ownerid"]["LookupTargets"] == "systemuser"


def test_status_comes_in_groups_of_a_state(resco):
    attributes = described(resco, "fs_workorder")[1]
    assert attributes["statuscode"]["Type"] == "PicklistMap"
    assert attributes["statuscode"]["OptionSetValues"] == "0,1,10000;1,10001;2,10002"
    assert attributes["prioritycode"]["OptionSetValues"] == "1;2;3;4;5"


def test_options_have_labels_in_english_alone(resco):
    path = "/rest/v1/metadata/demo/$localizations"
    english = resco.parsed(resco.client.get(path, params={"lcid": "1033"}))
    labels = {item.get("Name"): item.get("Value") for item in english}
    assert labels["fs_workorder.statuscode.10000"] == "In Progress"
    assert list(resco.parsed(resco.client.get(path, params={"lcid": "1029"}))) == []


def test_there_are_no_other_documents(resco):
    assert resco.client.get("/rest/v1/metadata/demo/$secrets").status_code == 404
    assert resco.client.post("/rest/v1/metadata/demo/$entities").status_code == 405
