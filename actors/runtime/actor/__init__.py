"""The side of the runtime that an actor sees: base, context, mail, outbox, conversations."""
