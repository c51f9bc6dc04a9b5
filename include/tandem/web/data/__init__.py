"""Data: look at what an import, an export or a sync would do, start it, and see it go."""

from fastapi import APIRouter

from tandem.web.data import page, previews, starts

router = APIRouter(tags=["data"])
router.include_router(page.router)
router.include_router(previews.router)
router.include_router(starts.router)
