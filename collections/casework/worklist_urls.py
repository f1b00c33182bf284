"""The addresses of queues and worklist."""

from django.urls import URLPattern, path

from casework.views import notes, queues, work_acts, worklist
from riskops.shared import converters  # noqa: F401  (registers <key:…>)

urlpatterns: list[URLPattern] = [
    path("worklist/", worklist.worklist, name="worklist"),
    path("worklist/next/", worklist.next_item, name="worklist-next"),
    path("worklist/bulk/", queues.bulk, name="worklist-bulk"),
    path("worklist/bulk/<int:number>/", queues.bulk_report, name="worklist-bulk-report"),
    path("worklist/views/", queues.views, name="worklist-views"),
    path("worklist/skipped/", queues.skipped, name="worklist-skipped"),
    path("worklist/present/<key:account_no>/", notes.presence, name="worklist-presence"),
    path("worklist/undo/<int:record_id>/", work_acts.undo, name="worklist-undo"),
    path("worklist/<int:item_id>/", worklist.item, name="worklist-item"),
    path("worklist/<int:item_id>/claim/", work_acts.claim, name="worklist-claim"),
    path("worklist/<int:item_id>/renew/", work_acts.renew, name="worklist-renew"),
    path("worklist/<int:item_id>/release/", work_acts.release, name="worklist-release"),
    path("worklist/<int:item_id>/outcome/", work_acts.outcome, name="worklist-outcome"),
    path("worklist/<int:item_id>/promise/", work_acts.promise, name="worklist-promise"),
    path("worklist/<int:item_id>/snooze/", work_acts.snooze, name="worklist-snooze"),
    path("worklist/<int:item_id>/skip/", work_acts.skip, name="worklist-skip"),
    path("worklist/<int:item_id>/escalate/", work_acts.escalate, name="worklist-escalate"),
    path("worklist/<int:item_id>/assign/", work_acts.assign, name="worklist-assign"),
    path("worklist/<int:item_id>/boost/", work_acts.boost, name="worklist-boost"),
    path("worklist/<int:item_id>/note/", notes.note, name="worklist-note"),
    path("queues/", queues.queues, name="queues"),
    path("queues/new/", queues.new_queue, name="queue-new"),
    path("queues/weights/", queues.weights, name="queue-weights"),
    path("queues/<key:code>/", queues.queue, name="queue"),
    path("queues/<key:code>/list/", queues.queue_list, name="queue-list"),
    path("queues/<key:code>/share-out/", queues.share_out, name="queue-share-out"),
]
