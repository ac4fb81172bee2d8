package api

import (
	"google.golang.org/protobuf/proto"

	veiviserv1 "github.com/veiviser/veiviser/proto/veiviser/v1"
)

// later reports whether m belongs to an RPC that is part of the contract but not of this release. Those answer
// UNIMPLEMENTED (through the servers embedded in each service; see [toStatus] for the reason) whatever m holds.
func later(m proto.Message) bool {
	switch m.(type) {
	case *veiviserv1.SetDirectiveRequest, *veiviserv1.ListDirectivesRequest, *veiviserv1.RemoveDirectiveRequest,
		*veiviserv1.ImportItemsRequest, *veiviserv1.SimulatePlanRequest, *veiviserv1.GetFunnelRequest,
		*veiviserv1.GetReadinessRequest, *veiviserv1.ListInsightsRequest, *veiviserv1.ListAlertsRequest:
		return true
	default:
		return false
	}
}
