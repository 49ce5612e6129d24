"""Users, as an administrator creates, reads and changes them (api.md part 5)."""

from app_client_authz.api import auth_wire, user_wire
from app_client_authz.api.operation import Call, Json, Run
from app_client_authz.api.wire import from_pairs


def admin_create_user(call: Call) -> Json:
    pool_id, username = call.input["UserPoolId"], call.input["Username"]
    password, action = call.input.get("TemporaryPassword"), call.input.get("MessageAction")
    mediums = call.input.get("DesiredDeliveryMediums") or None
    if action == "RESEND":
        user = call.services.invitations.resend(
            pool_id, username, password=password, mediums=mediums, caller=auth_wire.caller(call)
        )
        return {"User": user_wire.described(user, user_wire.in_order(user))}
    user = call.services.invitations.create(
        pool_id,
        username,
        from_pairs(call.input.get("UserAttributes")),
        password=password,
        takes_aliases=call.input.get("ForceAliasCreation", False),
        mediums=() if action == "SUPPRESS" else mediums,
        caller=auth_wire.caller(call),
    )
    return {"User": user_wire.described(user, user_wire.as_given(user))}


def admin_get_user(call: Call) -> Json:
    user = call.services.users.describe(call.input["UserPoolId"], call.input["Username"])
    return user_wire.described(user, user_wire.in_order(user), under="UserAttributes") | user_wire.mfa(user)


def admin_set_user_password(call: Call) -> None:
    call.services.users.set_password(
        call.input["UserPoolId"],
        call.input["Username"],
        call.input["Password"],
        permanent=call.input.get("Permanent", False),
    )


def admin_confirm_sign_up(call: Call) -> None:
    call.services.users.confirm(call.input["UserPoolId"], call.input["Username"], auth_wire.caller(call))


def admin_enable_user(call: Call) -> None:
    call.services.users.enable(call.input["UserPoolId"], call.input["Username"])


def admin_disable_user(call: Call) -> None:
    call.services.users.disable(call.input["UserPoolId"], call.input["Username"])


def admin_delete_user(call: Call) -> None:
    call.services.users.delete(call.input["UserPoolId"], call.input["Username"])


def admin_update_user_attributes(call: Call) -> None:
    changes = from_pairs(call.input["UserAttributes"])
    call.services.users.update_attributes(
        call.input["UserPoolId"], call.input["Username"], changes, caller=auth_wire.caller(call)
    )


def admin_delete_user_attributes(call: Call) -> None:
    names = call.input["UserAttributeNames"]
    call.services.users.delete_attributes(call.input["UserPoolId"], call.input["Username"], names)


def admin_user_global_sign_out(call: Call) -> None:
    call.services.users.sign_out(call.input["UserPoolId"], call.input["Username"])


OPERATIONS: dict[str, Run] = {
    "AdminCreateUser": admin_create_user,
    "AdminGetUser": admin_get_user,
    "AdminSetUserPassword": admin_set_user_password,
    "AdminConfirmSignUp": admin_confirm_sign_up,
    "AdminEnableUser": admin_enable_user,
    "AdminDisableUser": admin_disable_user,
    "AdminDeleteUser": admin_delete_user,
    "AdminUpdateUserAttributes": admin_update_user_attributes,
    "AdminDeleteUserAttributes": admin_delete_user_attributes,
    "AdminUserGlobalSignOut": admin_user_global_sign_out,
}
