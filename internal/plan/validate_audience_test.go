package plan

import (
	"fmt"
	"strings"
	"testing"

	"github.com/veiviser/veiviser/internal/veiviser"
)

func TestValidateAudiences(t *testing.T) {
	many := make([]veiviser.BuyingRole, maxRoles+1)
	for i := range many {
		many[i].ID = fmt.Sprintf("r%d", i)
	}
	for name, tt := range map[string]struct {
		plan veiviser.Plan
		want string // "field: what is said", "" for nothing
	}{
		"none": {},
		"all": {plan: veiviser.Plan{Audiences: []veiviser.Audience{
			{ID: "press", NeverSell: true, Binds: "person"},
			{ID: "investor", NeverSell: true, Binds: "need"},
			{ID: "customer"},
			{ID: "supplier", NeverSell: true},
			{ID: "neighbour"},
			{ID: "job_seeker"},
		}}},
		"unknown":    {veiviser.Plan{Audiences: []veiviser.Audience{{ID: "pres"}}}, `audiences[0].id: there is no audience "pres"`},
		"nameless":   {veiviser.Plan{Audiences: []veiviser.Audience{{}}}, "audiences[0].id: say which audience"},
		"twice":      {veiviser.Plan{Audiences: []veiviser.Audience{{ID: "press"}, {ID: "press"}}}, `audiences[1].id: the audience "press" is there already, as number 1`},
		"binds":      {veiviser.Plan{Audiences: []veiviser.Audience{{ID: "press", NeverSell: true, Binds: "all"}}}, `audiences[0].binds: there is no word "all"`},
		"binds what": {veiviser.Plan{Audiences: []veiviser.Audience{{ID: "press", Binds: "person"}}}, "audiences[0].binds: says where never_sell holds"},
		"customers":  {veiviser.Plan{Audiences: []veiviser.Audience{{ID: "customer", NeverSell: true}}}, "audiences[0].never_sell: customers are"},
		"roles":      {plan: veiviser.Plan{Accounts: veiviser.Accounts{Roles: []veiviser.BuyingRole{{ID: "user"}, {ID: "buyer", Silent: true}}}}},
		"role twice": {
			veiviser.Plan{Accounts: veiviser.Accounts{Roles: []veiviser.BuyingRole{{ID: "user"}, {ID: "user"}}}},
			`accounts.roles[1].id: the id "user" is taken by another role, number 1`,
		},
		"role without a name": {
			veiviser.Plan{Accounts: veiviser.Accounts{Roles: []veiviser.BuyingRole{{ID: "-"}}}}, "accounts.roles[0].id: ",
		},
		"too many": {veiviser.Plan{Accounts: veiviser.Accounts{Roles: many}}, "accounts.roles: has 33, at most 32"},
	} {
		t.Run(name, func(t *testing.T) {
			var got []string
			for _, v := range Validate(&tt.plan) {
				if strings.HasPrefix(v.Field, "audiences") || strings.HasPrefix(v.Field, "accounts") {
					got = append(got, v.Field+": "+v.Message)
				}
			}
			if all := strings.Join(got, "\n"); tt.want == "" && all != "" || !strings.HasPrefix(all, tt.want) || len(got) > 1 {
				t.Errorf("%s; want %s", all, tt.want)
			}
		})
	}
}
