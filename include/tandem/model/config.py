"""What all models of user-written configuration share."""

from pydantic import BaseModel, ConfigDict


class Config(BaseModel):
    """Base of everything a user writes: frozen, and unknown keys are errors."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)
