"""Who one is: Django's own views to sign in and out, one to sign up, and the name in the header."""

from __future__ import annotations

from typing import Any

from django.contrib.auth import login
from django.contrib.auth import views as auth
from django.contrib.auth.forms import UserCreationForm
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils.functional import SimpleLazyObject
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_protect
from django.views.decorators.debug import sensitive_post_parameters

from channels_celery.topics.visitors import visitor_of_scope
from realtime.address import address_of
from realtime.pace import told

from .paced import ACCOUNTS, SignIn, refuse


@sensitive_post_parameters()
@csrf_protect
@never_cache
def sign_up(request: HttpRequest) -> HttpResponse:
    """Makes an account and signs in with it; what was the guest's becomes the account's."""
    wanted = request.POST.get("next", request.GET.get("next", ""))
    here = {request.get_host()}
    ours = url_has_allowed_host_and_scheme(wanted, here, require_https=request.is_secure())
    form: UserCreationForm[User] = UserCreationForm(request.POST or None)
    wait = 0
    if request.method == "POST" and form.is_valid():
        wait = ACCOUNTS.take(address_of(request))
        if not wait:
            login(request, form.save())
            return redirect(wanted if ours else "start")
        form.add_error(None, f"Too many new accounts from here. Try again in {told(wait)}.")
    context = {"form": form, "next": wanted if ours else ""}
    answer = render(request, "registration/signup.html", context)
    return refuse(answer, wait) if wait else answer


def who(request: HttpRequest) -> dict[str, Any]:
    """For templates: the request's Visitor as `who`. Only looks: it makes nobody a session."""
    # A request that was refused early has no session yet, or no user.
    session, user = getattr(request, "session", None), getattr(request, "user", None)
    if session is None or user is None:
        return {}
    scope = {"user": user, "session": session}
    return {"who": SimpleLazyObject(lambda: visitor_of_scope(scope))}


urlpatterns = [
    path("login/", SignIn.as_view(), name="login"),
    path("logout/", auth.LogoutView.as_view(), name="logout"),
    path("signup/", sign_up, name="signup"),
]
