package main

import (
	"cmp"
	"context"
	"fmt"
	"strconv"

	"github.com/veiviser/veiviser/client"
	veiviserv1 "github.com/veiviser/veiviser/proto/veiviser/v1"
)

type accountCmd struct {
	Get accountGetCmd `cmd:"" help:"Show where a company stands in its decisions, and what its members were shown."`
}

type accountGetCmd struct {
	Account  string `arg:"" help:"Id of the account, as events name it in visitor.account."`
	Language string `help:"Language of the evidence: nb, sv, en."`
}

// Run shows an account. Who of its members did what is not kept.
func (c *accountGetCmd) Run(ctx context.Context, s *session) error {
	req := &veiviserv1.GetAccountRequest{AccountId: c.Account, Language: c.Language}
	return insight(ctx, s, req, (*client.Client).GetAccount, func(r *veiviserv1.GetAccountResponse) {
		w := s.std.out
		fmt.Fprintf(w, "%s: %s of its members\n", r.GetAccountId(), plural(r.GetEvents(), "event"))
		printNeeds(w, r.GetNeeds())
		if len(r.GetContacts()) == 0 {
			return
		}
		fmt.Fprintln(w, "Shown, as caps of accounts count it:")
		t := table{rows: [][]string{{"item", "channel", "times", "last"}}}
		for _, x := range r.GetContacts() {
			t.add(x.GetItemId(), cmp.Or(x.GetChannel(), "–"), strconv.Itoa(int(max(x.GetCount(), 1))), when(x.GetTime()))
		}
		t.print(w, "  ")
	})
}
