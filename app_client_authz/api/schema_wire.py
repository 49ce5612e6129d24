"""Attributes of a pool's schema in Cognito's JSON (api.md 3.5)."""

from collections.abc import Iterable

from app_client_authz.api.wire import Json, present
from app_client_authz.domain.schema import SchemaAttribute

IDENTITIES = SchemaAttribute("identities")
"""What DescribeUserPool shows beside a pool's schema: the service keeps federated identities in it."""


def to_attributes(members: Iterable[Json] | None) -> tuple[SchemaAttribute, ...]:
    """The attributes in a request; constraints of another type than the attribute's do not matter."""
    return tuple(map(_to_attribute, members or ()))


def from_attribute(attribute: SchemaAttribute) -> Json:
    described: Json = {
        "Name": attribute.name,
        "AttributeDataType": attribute.data_type,
        "DeveloperOnlyAttribute": attribute.developer_only,
        "Mutable": attribute.mutable,
        "Required": attribute.required,
    }
    if attribute.data_type == "String":
        described["StringAttributeConstraints"] = present(
            {"MinLength": attribute.min_length, "MaxLength": attribute.max_length}
        )
    if attribute.data_type == "Number":
        described["NumberAttributeConstraints"] = present(
            {"MinValue": attribute.min_value, "MaxValue": attribute.max_value}
        )
    return described


def _to_attribute(members: Json) -> SchemaAttribute:
    data_type = members.get("AttributeDataType", "String")
    lengths = members.get("StringAttributeConstraints", {}) if data_type == "String" else {}
    values = members.get("NumberAttributeConstraints", {}) if data_type == "Number" else {}
    return SchemaAttribute(
        members.get("Name", ""),
        data_type,
        members.get("Mutable", True),
        members.get("Required", False),
        members.get("DeveloperOnlyAttribute", False),
        min_length=lengths.get("MinLength"),
        max_length=lengths.get("MaxLength"),
        min_value=values.get("MinValue"),
        max_value=values.get("MaxValue"),
    )
