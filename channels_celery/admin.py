from __future__ import annotations

from django.contrib import admin

from .jobs.admin.channels import ChannelAdmin
from .jobs.admin.jobs import JobAdmin
from .jobs.admin.workers import WorkerAdmin
from .jobs.models import Channel, Job, Worker

admin.site.register(Job, JobAdmin)
admin.site.register(Channel, ChannelAdmin)
admin.site.register(Worker, WorkerAdmin)
