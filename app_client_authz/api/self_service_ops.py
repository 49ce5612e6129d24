"""What an access token opens: its holder's own data and account (api.md 4.18 to 4.21)."""

from app_client_authz.api import auth_wire, user_wire
from app_client_authz.api.operation import Call, Json, Run
from app_client_authz.api.wire import from_pairs, pairs


def get_user(call: Call) -> Json:
    user, visible = call.services.own_attributes.read(call.input["AccessToken"], call.base)
    shown = {name: value for name, value in user_wire.in_order(user).items() if name in visible or name == "sub"}
    return {"Username": user.username, "UserAttributes": pairs(shown), **user_wire.mfa(user)}


def update_user_attributes(call: Call) -> Json:
    changes = from_pairs(call.input["UserAttributes"])
    sent = call.services.own_attributes.update(
        call.input["AccessToken"], call.base, changes, call.input.get("ClientMetadata")
    )
    return {"CodeDeliveryDetailsList": [auth_wire.delivery(each) for each in sent]} if sent else {}


def delete_user_attributes(call: Call) -> None:
    call.services.own_attributes.delete(call.input["AccessToken"], call.base, call.input["UserAttributeNames"])


def get_user_attribute_verification_code(call: Call) -> Json:
    sent = call.services.own_attributes.send_code(
        call.input["AccessToken"], call.base, call.input["AttributeName"], call.input.get("ClientMetadata")
    )
    return {"CodeDeliveryDetails": auth_wire.delivery(sent)}


def verify_user_attribute(call: Call) -> None:
    call.services.own_attributes.verify(
        call.input["AccessToken"], call.base, call.input["AttributeName"], call.input["Code"]
    )


def change_password(call: Call) -> None:
    call.services.own_account.change_password(
        call.input["AccessToken"], call.base, call.input.get("PreviousPassword", ""), call.input["ProposedPassword"]
    )


def global_sign_out(call: Call) -> None:
    call.services.own_account.sign_out(call.input["AccessToken"], call.base)


def delete_user(call: Call) -> None:
    call.services.own_account.delete(call.input["AccessToken"], call.base)


OPERATIONS: dict[str, Run] = {
    "GetUser": get_user,
    "UpdateUserAttributes": update_user_attributes,
    "DeleteUserAttributes": delete_user_attributes,
    "GetUserAttributeVerificationCode": get_user_attribute_verification_code,
    "VerifyUserAttribute": verify_user_attribute,
    "ChangePassword": change_password,
    "GlobalSignOut": global_sign_out,
    "DeleteUser": delete_user,
}
