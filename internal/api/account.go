package api

import (
	"context"
	"time"

	"github.com/veiviser/veiviser/internal/decide"
	veiviserv1 "github.com/veiviser/veiviser/proto/veiviser/v1"
)

// Accounts shows companies whose members decide together. [decide.Decider] does.
type Accounts interface {
	// Account shows an account as seen at a moment, now when it is zero.
	Account(ctx context.Context, accountID, language string, at time.Time) (*decide.AccountView, error)
}

// GetAccount shows what is believed about the decisions of a company.
func (s *visits) GetAccount(ctx context.Context, in *veiviserv1.GetAccountRequest) (*veiviserv1.GetAccountResponse, error) {
	a, err := s.accounts.Account(ctx, in.GetAccountId(), in.GetLanguage(), timeFromProto(in.GetTime()))
	if err != nil {
		return nil, err
	}
	out := &veiviserv1.GetAccountResponse{AccountId: a.ID, Needs: needsToProto(a.Needs, -1, a.Voice), Events: a.Events}
	for i := range a.Contacts {
		out.Contacts = append(out.Contacts, contactToProto(&a.Contacts[i]))
	}
	return out, nil
}
