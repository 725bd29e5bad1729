"""Signing in and up at a person's pace: who guesses passwords or makes accounts has to wait."""

from __future__ import annotations

from typing import Any

from django.contrib.admin.forms import AdminAuthenticationForm
from django.contrib.auth import views
from django.contrib.auth.forms import AuthenticationForm
from django.core.exceptions import ValidationError
from django.http import HttpResponse

from realtime.address import address_of
from realtime.pace import Pace, told

#: Wrong passwords for one name from one place, and for all names from there.
NAME = Pace("sign-ins", times=10, seconds=600)
PLACE = Pace("sign-ins from an address", times=100, seconds=600)
#: New accounts from one place.
ACCOUNTS = Pace("sign-ups", times=60, seconds=3600)


def refuse(answer: HttpResponse, wait: int) -> HttpResponse:
    """The page that says so, as programs understand it too."""
    answer.status_code = 429
    answer["Retry-After"] = str(wait)
    return answer


class SignInForm(AuthenticationForm):
    """Django's own, which looks at no password while its sender has to wait."""

    #: Seconds to wait; 0 while one may try.
    wait = 0

    def clean(self) -> dict[str, Any]:
        place = address_of(self.request) if self.request else ""
        counted = [(PLACE, place)]
        if place:
            counted.append((NAME, f"{place} {self.cleaned_data.get('username', '')}"))
        # Counted before the password is looked at, or many at once would all pass.
        self.wait = max(pace.take(who) for pace, who in counted)
        if self.wait:
            raise ValidationError(
                f"Too many wrong passwords. Try again in {told(self.wait)}.", code="too_many"
            )
        cleaned: dict[str, Any] = super().clean()
        for pace, who in counted:
            pace.give_back(who)
        return cleaned


class AdminSignInForm(SignInForm, AdminAuthenticationForm):
    """The same for the admin."""


class SignIn(views.LoginView):
    """Django's own view, with the form above."""

    authentication_form = SignInForm

    def form_invalid(self, form: AuthenticationForm) -> HttpResponse:
        answer = super().form_invalid(form)
        waits = isinstance(form, SignInForm) and form.wait
        return refuse(answer, waits) if waits else answer
