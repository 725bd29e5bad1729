from __future__ import annotations

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from channels_celery.topics import publishing
from channels_celery.topics.events import Position

register = template.Library()


@register.simple_tag
def topic(name: str, position: Position | None = None) -> SafeString:
    """A topic and its position as attributes of an element, from where the page's script follows.

    Pass the position that the view took before it read the state: `{% topic name position %}`.
    Without one it is read here, which is right only before the state: an event between the two
    would be missing from the page.
    """
    at = position or publishing.position(name)
    return format_html(
        'data-topic="{}" data-epoch="{}" data-seq="{}" data-mid="{}"',
        name,
        at.epoch,
        at.seq,
        at.mid,
    )
