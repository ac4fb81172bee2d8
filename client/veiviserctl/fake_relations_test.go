package main

import (
	"context"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	veiviserv1 "github.com/veiviser/veiviser/proto/veiviser/v1"
)

func (f *fake) ListCases(context.Context, *veiviserv1.ListCasesRequest) (*veiviserv1.ListCasesResponse, error) {
	due := timestamppb.New(noon.AsTime().Add(24 * time.Hour))
	return &veiviserv1.ListCasesResponse{
		Opened: 9, Answered: 7, Resolved: 6, Late: 2, MeanAnswerSeconds: 5400, MeanResolveSeconds: 300000,
		Open: []*veiviserv1.OpenCase{
			{CaseId: "c1", Cause: "COMPLAINT", Subject: "bike/ebike", Channel: "phone", OpenTime: noon, DueTime: due, Overdue: true},
			{CaseId: "c2", Cause: "LATE_DELIVERY", OpenTime: noon, DueTime: due, Answered: true},
			{CaseId: "c3", Cause: "WRONG_DELIVERY", Subject: "parts", OpenTime: noon, DueTime: due},
		},
	}, nil
}

func (f *fake) GetAccount(_ context.Context, in *veiviserv1.GetAccountRequest) (*veiviserv1.GetAccountResponse, error) {
	return &veiviserv1.GetAccountResponse{
		AccountId: in.GetAccountId(), Needs: needs("fleet"), Events: 5,
		Contacts: []*veiviserv1.Contact{
			{ItemId: "fleet-offer", Channel: "email", Time: noon},
			{ItemId: "fleet-guide", Time: noon},
		},
	}, nil
}

func (f *fake) GetRecovery(context.Context, *veiviserv1.GetRecoveryRequest) (*veiviserv1.GetRecoveryResponse, error) {
	return &veiviserv1.GetRecoveryResponse{
		Treated: &veiviserv1.RecoveryGroup{People: 70, Recovered: 56, Rate: 0.8, Advocates: 12},
		Control: &veiviserv1.RecoveryGroup{People: 80, Recovered: 48, Rate: 0.6, Advocates: 3},
		Lift:    0.2, LiftLow: 0.0524, LiftHigh: 0.3339,
	}, nil
}

func (f *fake) GetLoyalty(context.Context, *veiviserv1.GetLoyaltyRequest) (*veiviserv1.GetLoyaltyResponse, error) {
	return &veiviserv1.GetLoyaltyResponse{
		FirstOrders: 120, Handovers: 110, MeanHandoverSeconds: 260000, DeliveryCases: 8,
		Rungs: []*veiviserv1.RungReport{{Rung: "rider", People: 80, Promoted: 110}, {Rung: "regular", People: 28, Promoted: 30, Demoted: 2}},
	}, nil
}

func (f *fake) GetAcquisition(context.Context, *veiviserv1.GetAcquisitionRequest) (*veiviserv1.GetAcquisitionResponse, error) {
	return &veiviserv1.GetAcquisitionResponse{Rows: []*veiviserv1.Acquisition{
		{Customers: 120, MeanValue: 2100, ExpectedValue: 2150, Margin: 2150, BreakEvenCost: 2150, Handovers: 110},
		{
			Channel: "ad", SegmentId: "families", Customers: 20, Cost: 2400, MeanValue: 1900, ExpectedValue: 2000, Margin: -400,
			BreakEvenCost: 2000, BreakEvenDays: -1, Handovers: 18,
		},
	}}, nil
}
