"""The addresses of the worklist's API, under /api/v1/."""

from django.urls import URLPattern, path

from casework.api import bulk, notes, queues, saved_views, worklist
from riskops.shared import converters  # noqa: F401  (registers <key:…>)

urlpatterns: list[URLPattern] = [
    path("queues/", queues.Queues.as_view(), name="api-queues"),
    path("queues/<key:code>/", queues.QueueDetail.as_view(), name="api-queue"),
    path("queues/<key:code>/list/", queues.QueueList.as_view(), name="api-queue-list"),
    path("queues/<key:code>/share-out/", queues.QueueShareOut.as_view(), name="api-queue-share-out"),
    path("work-items/", worklist.WorkItems.as_view(), name="api-work-items"),
    path("work-items/next/", worklist.WorkNext.as_view(), name="api-work-next"),
    path("work-items/bulk/", bulk.Bulk.as_view(), name="api-work-bulk"),
    path("work-items/bulk/preview/", bulk.BulkPreview.as_view(), name="api-work-bulk-preview"),
    path("work-items/skips/", queues.WorkSkips.as_view(), name="api-work-skips"),
    path("work-items/handed-back/", queues.WorkHandedBack.as_view(), name="api-work-handed-back"),
    path("work-items/<int:item_id>/", worklist.WorkItemDetail.as_view(), name="api-work-item"),
    path("work-items/<int:item_id>/claim/", worklist.WorkClaim.as_view(), name="api-work-claim"),
    path("work-items/<int:item_id>/outcome/", worklist.WorkOutcome.as_view(), name="api-work-outcome"),
    path("work-items/<int:item_id>/snooze/", worklist.WorkSnooze.as_view(), name="api-work-snooze"),
    path("work-items/<int:item_id>/wake/", worklist.WorkWake.as_view(), name="api-work-wake"),
    path("work-items/<int:item_id>/skip/", worklist.WorkSkip.as_view(), name="api-work-skip"),
    path("work-items/<int:item_id>/escalate/", worklist.WorkEscalate.as_view(), name="api-work-escalate"),
    path("work-items/<int:item_id>/assign/", worklist.WorkAssign.as_view(), name="api-work-assign"),
    path("work-items/<int:item_id>/boost/", worklist.WorkBoost.as_view(), name="api-work-boost"),
    path("work-records/<int:record_id>/undo/", worklist.WorkUndo.as_view(), name="api-work-undo"),
    path("claims/renew/", worklist.WorkRenew.as_view(), name="api-claim-renew"),
    path("claims/release/", worklist.WorkRelease.as_view(), name="api-claim-release"),
    path("accounts/<key:account_no>/note/", notes.AccountNoteView.as_view(), name="api-account-note"),
    path("accounts/<key:account_no>/present/", notes.Present.as_view(), name="api-account-present"),
    path("priority-weights/", queues.Weights.as_view(), name="api-priority-weights"),
    path("work-views/", saved_views.Views.as_view(), name="api-work-views"),
    path("work-views/<int:view_id>/", saved_views.ViewDetail.as_view(), name="api-work-view"),
]
