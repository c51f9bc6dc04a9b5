"""What waits for a person: rejected records, conflicts, withheld deletions, deferred lookups."""

from fastapi import APIRouter

from tandem.web.waiting import conflicts, deciding, deletions, page, rejected

router = APIRouter(tags=["waiting"])
for _part in (page, deciding, rejected, conflicts, deletions):
    router.include_router(_part.router)
