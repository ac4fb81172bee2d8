package app

import (
	"context"

	"github.com/veiviser/veiviser/internal/store"
	"github.com/veiviser/veiviser/internal/veiviser"
)

// meeting is the store for who takes in events, wishes and consents: whoever is written or erased is told to who answers, so that a wish
// binds in the very next answer, were it a degraded one.
type meeting struct {
	*store.Store
	met func(visitorID string, visitor *veiviser.Visitor)
}

func (m meeting) Commit(ctx context.Context, change veiviser.Change) error {
	err := m.Store.Commit(ctx, change)
	if err == nil && change.Visitor != nil {
		m.met(change.Loaded.VisitorID, change.Visitor)
	}
	return err
}

func (m meeting) Erase(ctx context.Context, visitorID string) (bool, error) {
	found, err := m.Store.Erase(ctx, visitorID)
	if err == nil {
		m.met(visitorID, nil)
	}
	return found, err
}
