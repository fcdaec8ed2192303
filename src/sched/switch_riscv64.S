/* See switch.h. What stands on a stack that was left, upward: ra, s0 to s11, fs0 to fs11, frm (the rounding mode). */
	.text

	.equ	LGI_SIZE, 208

	.macro	registers do, dofloat
	\do	ra, 0(sp)
	\do	s0, 8(sp)
	\do	s1, 16(sp)
	\do	s2, 24(sp)
	\do	s3, 32(sp)
	\do	s4, 40(sp)
	\do	s5, 48(sp)
	\do	s6, 56(sp)
	\do	s7, 64(sp)
	\do	s8, 72(sp)
	\do	s9, 80(sp)
	\do	s10, 88(sp)
	\do	s11, 96(sp)
	\dofloat fs0, 104(sp)
	\dofloat fs1, 112(sp)
	\dofloat fs2, 120(sp)
	\dofloat fs3, 128(sp)
	\dofloat fs4, 136(sp)
	\dofloat fs5, 144(sp)
	\dofloat fs6, 152(sp)
	\dofloat fs7, 160(sp)
	\dofloat fs8, 168(sp)
	\dofloat fs9, 176(sp)
	\dofloat fs10, 184(sp)
	\dofloat fs11, 192(sp)
	.endm

	.macro	integers_on_stack
	.cfi_rel_offset ra, 0
	.cfi_rel_offset s0, 8
	.cfi_rel_offset s1, 16
	.cfi_rel_offset s2, 24
	.cfi_rel_offset s3, 32
	.cfi_rel_offset s4, 40
	.cfi_rel_offset s5, 48
	.cfi_rel_offset s6, 56
	.cfi_rel_offset s7, 64
	.cfi_rel_offset s8, 72
	.cfi_rel_offset s9, 80
	.cfi_rel_offset s10, 88
	.cfi_rel_offset s11, 96
	.endm

	.macro	saved_on_stack
	.cfi_def_cfa sp, LGI_SIZE
	integers_on_stack
	.cfi_rel_offset fs0, 104
	.cfi_rel_offset fs1, 112
	.cfi_rel_offset fs2, 120
	.cfi_rel_offset fs3, 128
	.cfi_rel_offset fs4, 136
	.cfi_rel_offset fs5, 144
	.cfi_rel_offset fs6, 152
	.cfi_rel_offset fs7, 160
	.cfi_rel_offset fs8, 168
	.cfi_rel_offset fs9, 176
	.cfi_rel_offset fs10, 184
	.cfi_rel_offset fs11, 192
	.endm

	.macro	save
	addi	sp, sp, -LGI_SIZE
	.cfi_adjust_cfa_offset LGI_SIZE
	registers sd, fsd
	saved_on_stack
	frrm	a2
	sd	a2, 200(sp)
	sd	sp, 0(a0)
	.endm

	.macro	forget register, registers:vararg
	.cfi_restore \register
	.ifnb \registers
	forget	\registers
	.endif
	.endm

	/* From the stack that sp is on by now; a2 is frm. */
	.macro	restore
	ld	a4, 200(sp)
	beq	a2, a4, 6f
	fsrm	a4
6:	registers ld, fld
	addi	sp, sp, LGI_SIZE
	.cfi_def_cfa sp, 0
	forget	ra, s0, s1, s2, s3, s4, s5, s6, s7, s8, s9, s10, s11
	forget	fs0, fs1, fs2, fs3, fs4, fs5, fs6, fs7, fs8, fs9, fs10, fs11
	.endm

	/* Why there are three, says switch_x86_64.S. */
	.globl	lgi_switch
	.hidden	lgi_switch
	.type	lgi_switch, %function
	.p2align 2
lgi_switch:
	.cfi_startproc
	save
	mv	sp, a1
	restore
	ret
	.cfi_endproc
	.size	lgi_switch, .-lgi_switch

	.globl	lgi_switch_first
	.hidden	lgi_switch_first
	.type	lgi_switch_first, %function
	.p2align 2
lgi_switch_first:
	.cfi_startproc
	save
	mv	sp, a1
	restore
	mv	t1, ra
	jr	t1
	.cfi_endproc
	.size	lgi_switch_first, .-lgi_switch_first

	.globl	lgi_switch_last
	.hidden	lgi_switch_last
	.type	lgi_switch_last, %function
	.p2align 2
lgi_switch_last:
	.cfi_startproc
	frrm	a2
	mv	sp, a0
	saved_on_stack
	restore
	ret
	.cfi_endproc
	.size	lgi_switch_last, .-lgi_switch_last

	/* Comes from lgi_switch_first with the entry in s1 and its argument in s2. */
	.type	lgi_fiber_start, %function
	.p2align 2
lgi_fiber_start:
	.cfi_startproc
	.cfi_undefined ra
	mv	a0, s2
	li	s0, 0
	lla	ra, 1f
	jr	s1
1:	ebreak
	.cfi_endproc
	.size	lgi_fiber_start, .-lgi_fiber_start

	.globl	lgi_stack_prepare
	.hidden	lgi_stack_prepare
	.type	lgi_stack_prepare, %function
	.p2align 2
lgi_stack_prepare:
	.cfi_startproc
	addi	a0, a0, -LGI_SIZE
	mv	a4, a0
	addi	a5, a0, LGI_SIZE
1:	sd	zero, 0(a4)
	addi	a4, a4, 8
	bne	a4, a5, 1b
	lla	a3, lgi_fiber_start
	sd	a3, 0(a0)	/* ra */
	sd	a1, 16(a0)	/* s1 */
	sd	a2, 24(a0)	/* s2 */
	ret
	.cfi_endproc
	.size	lgi_stack_prepare, .-lgi_stack_prepare

	.globl	lgi_float_at_start
	.hidden	lgi_float_at_start
	.type	lgi_float_at_start, %function
	.p2align 2
lgi_float_at_start:
	.cfi_startproc
	fsrm	zero
	ret
	.cfi_endproc
	.size	lgi_float_at_start, .-lgi_float_at_start

	/* To an unwinder the caller of this frame is the stack that was left as a0, not its own caller. */
	.globl	lgi_on_stack_of
	.hidden	lgi_on_stack_of
	.type	lgi_on_stack_of, %function
	.p2align 2
lgi_on_stack_of:
	.cfi_startproc
	addi	sp, sp, -32
	.cfi_adjust_cfa_offset 32
	sd	ra, 0(sp)
	.cfi_rel_offset ra, 0
	sd	s1, 8(sp)
	.cfi_rel_offset s1, 8
	mv	s1, a0
	mv	a0, a2
	.cfi_remember_state
	.cfi_def_cfa s1, LGI_SIZE
	integers_on_stack
	jalr	a1
	.cfi_restore_state
	ld	ra, 0(sp)
	ld	s1, 8(sp)
	addi	sp, sp, 32
	.cfi_adjust_cfa_offset -32
	.cfi_restore ra
	.cfi_restore s1
	ret
	.cfi_endproc
	.size	lgi_on_stack_of, .-lgi_on_stack_of

	.section .note.GNU-stack, "", %progbits
