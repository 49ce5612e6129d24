"""The pages: sign in, see your orders, place one."""

from flask import Blueprint, abort, redirect, render_template, request, url_for
from flask_login import LoginManager, current_user, login_required, login_user, logout_user
from werkzeug.wrappers import Response

from shop.models import Customer, Order, db, orders_of

login_manager = LoginManager()
login_manager.login_view = "pages.sign_in"
pages = Blueprint("pages", __name__)


@login_manager.user_loader
def load(customer_id: str) -> Customer | None:
    return db.session.get(Customer, int(customer_id))


@pages.get("/")
@login_required
def orders() -> str:
    return render_template("orders.html", orders=orders_of(current_user.id))


@pages.post("/orders")
@login_required
def place() -> Response:
    item, quantity = request.form.get("item", "").strip(), request.form.get("quantity", type=int)
    if not 1 <= len(item) <= 100 or quantity is None or not 1 <= quantity <= 99:
        abort(400)
    db.session.add(Order(customer_id=current_user.id, item=item, quantity=quantity))
    db.session.commit()
    return redirect(url_for("pages.orders"))


@pages.route("/sign-in", methods=["GET", "POST"])
def sign_in() -> str | tuple[str, int] | Response:
    if request.method == "GET":
        return render_template("sign_in.html")
    customer = db.session.scalar(db.select(Customer).filter_by(email=request.form.get("email", "").lower()))
    if customer and customer.has_password(request.form.get("password", "")) and login_user(customer):
        return redirect(url_for("pages.orders"))
    return render_template("sign_in.html", wrong=True), 401


@pages.post("/sign-out")
def sign_out() -> Response:
    logout_user()
    return redirect(url_for("pages.sign_in"))
